package notebook_test

import (
	"strings"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// What the file does in a server, the stories in tests/ see.
func (suite) TestSettings(c *C) {
	for _, mode := range []string{NetworkBridge, NetworkHost} {
		files := Settings(Serve{NetworkMode: mode, BaseURL: "/team/nb/", CullMinutes: 2})
		c.Assert(files, HasLen, 2)
		for name, app := range map[string]string{"jupyter_server_config.py": "ServerApp", "jupyter_notebook_config.py": "NotebookApp"} {
			for _, line := range []string{
				`APP = "` + app + `"`, `SOCKET = "/jupyter-docker/run/jupyter.sock"`, `BASE_URL = "/team/nb/"`, "CULL_SECONDS = 120",
			} {
				c.Check(strings.Contains(files[name], "\n"+line+"\n"), Equals, true, Commentf("%s in %s", line, name))
			}
		}
	}
}
