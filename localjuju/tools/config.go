package tools

func configGet(c *Call) error {
	c.Formats("smart", "json", "yaml")
	var all bool
	c.Flags.BoolVar(&all, "a", false, "Print all keys")
	c.Flags.BoolVar(&all, "all", false, "")
	if err := c.Parse(0, 1, ""); err != nil {
		return err
	}
	values, err := c.Hook.Config(all)
	if err != nil {
		return err
	}
	if key := c.Arg(0); key != "" && key != "-" {
		return c.Print(values[key])
	}
	return c.Print(values)
}

func isLeader(c *Call) error {
	c.Formats("smart", "json", "yaml")
	if err := c.Parse(0, 0, ""); err != nil {
		return err
	}
	leader, err := c.Hook.IsLeader()
	if err != nil {
		return err
	}
	return c.Print(leader)
}

func versionSet(c *Call) error {
	if err := c.Parse(1, 1, "no version specified"); err != nil {
		return err
	}
	return c.Hook.SetVersion(c.Args[0])
}
