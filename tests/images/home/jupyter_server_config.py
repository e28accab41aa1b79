c = get_config()  # noqa: F821
c.ServerApp.token = c.IdentityProvider.token = "known-to-everybody"
