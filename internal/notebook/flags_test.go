package notebook_test

import (
	"strings"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

type words = []string

var flagTests = []struct {
	summary string
	args    []string
	fixed   string
}{
	{"plain", words{"jupyter", "lab", "--no-browser", "--allow-root"}, ""},
	{"the values that the charm wants", words{"jupyter", "lab", "--ip=0.0.0.0", "--port", "8888", "--ServerApp.base_url=/"}, ""},
	{"an address does nothing beside a socket", words{"jupyter", "lab", "--ip=127.0.0.1"}, ""},
	{"token", words{"jupyter", "lab", "--ServerApp.token=abc"}, "--ServerApp.token"},
	{"empty token", words{"jupyter-notebook", "--NotebookApp.token="}, "--NotebookApp.token"},
	{"identity provider", words{"jupyter-lab", "--IdentityProvider.token=x"}, "--IdentityProvider.token"},
	{"password", words{"jupyter", "server", "--PasswordIdentityProvider.hashed_password=x"}, "--PasswordIdentityProvider.hashed_password"},
	{"another port", words{"jupyter", "lab", "--port=9999"}, "--port"},
	{"another port, apart", words{"jupyter", "lab", "--port", "9999"}, "--port"},
	{"another socket", words{"jupyter", "lab", "--sock=/tmp/s", "--ServerApp.sock=/tmp/t", "--sock="}, "--sock --ServerApp.sock"},
	{"a socket for its owner alone", words{"jupyter", "lab", "--sock-mode=0600"}, "--sock-mode"},
	{"base URL", words{"jupyter", "lab", "--ServerApp.base_url=/x"}, "--ServerApp.base_url"},
	{"work that would be lost", words{"jupyter", "lab", "--notebook-dir=/home/x"}, "--notebook-dir"},
	{"work that is kept", words{"jupyter", "lab", "--notebook-dir=/home/nb/work/mine", "--ServerApp.root_dir", "/home/nb/work"}, ""},
	{"another class", words{"jupyter", "lab", "--Foo.token=x"}, ""},
	{"another file of settings", words{"jupyter", "lab", "--config=/etc/mine.py"}, "--config"},
	{"another file of settings, apart", words{"jupyter", "notebook", "--config", "/etc/mine.py"}, "--config"},
	{"another file of settings, long", words{"jupyter-lab", "--JupyterApp.config_file=/a", "--ServerApp.config_file", "/b"}, "--JupyterApp.config_file --ServerApp.config_file"},
	{"another name of the settings", words{"jupyter-lab", "--ServerApp.config_file_name=mine"}, "--ServerApp.config_file_name"},

	{"in a shell's script", words{"sh", "-c", "exec jupyter lab --port=9999 --ServerApp.token=''"}, "--port --ServerApp.token"},
	{"in a login shell's", words{"tini", "--", "bash", "-lc", "cd /x && jupyter lab --port=1"}, "--port"},
	{"of another program before", words{"sh", "-c", "mlflow server --port 5000 --config=x & exec jupyter lab"}, ""},
	{"of another program, close by", words{"sh", "-c", "mlflow server --port 5000;jupyter lab --no-browser&&nginx --config x"}, ""},
	{"of another program behind a pipe", words{"sh", "-c", "jupyter lab 2>&1 --port=1 | tee --config x"}, "--port"},
	{"after a redirection", words{"sh", "-c", "jupyter lab >/tmp/log 2>&1 --port=1"}, "--port"},
	{"of a wrapper", words{"wrapper", "--port", "5000", "jupyter", "lab"}, ""},
	{"of no server", words{"sh", "-c", "jupyter nbconvert --config=x a.ipynb; jupyter lab"}, ""},
	{"of a wrapper whose arguments are not known", words{"/start", "--port=9999"}, ""},
	{"semicolons in a value", words{"jupyter", "lab", "--ServerApp.tornado_settings={'a': 'b; c'}", "--port=1"}, "--port"},
	{"a module", words{"/opt/conda/bin/python3.11", "-u", "-m", "jupyterlab", "--port=9"}, "--port"},
	{"a module of the server", words{"python", "-m", "jupyter_server", "--port=9"}, "--port"},
	{"another module", words{"python", "-m", "http.server", "--port=9"}, ""},
	{"docker stacks", words{"tini", "-g", "--", "start.sh", "start-notebook.py", "--port=9"}, "--port"},
	{"docker stacks of before", words{"start-notebook.sh", "--NotebookApp.token=x"}, "--NotebookApp.token"},
	{"docker stacks for a hub", words{"start-singleuser.py", "--port=9"}, "--port"},
}

func (suite) TestFixedFlags(c *C) {
	for _, test := range flagTests {
		got := FixedFlags(Wanted{BaseURL: "/", Work: "/home/nb/work"}, test.args)
		c.Check(strings.Join(got, " "), Equals, test.fixed, Commentf("%s", test.summary))
	}
}

var serverTests = []struct {
	args   string
	server bool
}{
	{"/usr/bin/python3 /usr/local/bin/jupyter-lab --no-browser", true},
	{"/usr/bin/python3 -I /usr/bin/jupyter-notebook", true},
	{"python -m jupyterlab", true},
	{"python3.11 -m notebook.notebookapp --x", true},
	{"jupyter-server", true},
	{"/opt/bin/python /opt/bin/jupyter lab", true},
	{"/opt/bin/python /opt/bin/jupyterhub-singleuser", true},
	{"tini -- jupyter lab", false},
	{"sh -c jupyter-lab", false},
	{"/bin/sh /usr/local/bin/start-notebook.sh", false},
	{"python -m ipykernel_launcher -f /dev/jupyter-docker/jupyter/kernel-1.json", false},
	{"/usr/bin/python3 /usr/bin/jupyter nbconvert a.ipynb", false},
	{"python3 /home/x/mine.py jupyter lab", false},
	{"python3", false},
	{"python3 -m", false},
	{"", false},
}

func (suite) TestIsJupyter(c *C) {
	for _, test := range serverTests {
		c.Check(IsJupyter(strings.Fields(test.args)), Equals, test.server, Commentf("%s", test.args))
	}
}

var commandTests = []struct {
	summary               string
	own                   Image
	command               []string
	entrypoint, arguments []string
}{
	{"the image's own", Image{Entrypoint: words{"tini", "--"}, Cmd: words{"jupyter"}}, nil, words{"tini", "--"}, words{"jupyter"}},
	{"no entry point", Image{Cmd: words{"old"}}, words{"jupyter", "lab"}, nil, words{"jupyter", "lab"}},
	{"a wrapper stays", Image{Entrypoint: words{"tini", "--"}, Cmd: words{"old"}}, words{"jupyter", "lab"}, words{"tini", "--"}, words{"jupyter", "lab"}},
	{"a wrapper script stays", Image{Entrypoint: words{"/entry.sh", "--for=jupyter lab"}}, words{"jupyter", "lab"}, words{"/entry.sh", "--for=jupyter lab"}, words{"jupyter", "lab"}},
	{"a script named after Jupyter stays", Image{Entrypoint: words{"/opt/jupyter-entrypoint.sh"}}, words{"jupyter", "lab"}, words{"/opt/jupyter-entrypoint.sh"}, words{"jupyter", "lab"}},
	{"Jupyter gives way", Image{Entrypoint: words{"jupyter", "lab", "--ServerApp.token=letmein"}}, words{"jupyter", "lab"}, words{""}, words{"jupyter", "lab"}},
	{"Jupyter as a program gives way", Image{Entrypoint: words{"/opt/bin/jupyter-lab", "--port=1"}}, words{"jupyter", "lab"}, words{""}, words{"jupyter", "lab"}},
	{"Jupyter in a shell gives way", Image{Entrypoint: words{"/bin/sh", "-c", "exec jupyter lab --port=1"}}, words{"jupyter", "lab"}, words{""}, words{"jupyter", "lab"}},
	{"what starts Jupyter stays", Image{Entrypoint: words{"tini", "--", "jupyter", "lab"}}, words{"jupyter", "lab"}, words{"tini", "--"}, words{"jupyter", "lab"}},
	{"a wrapper before Jupyter stays", Image{Entrypoint: words{"/entry.sh", "python3", "-m", "jupyterlab", "--port=1"}}, words{"jupyter", "lab"}, words{"/entry.sh"}, words{"jupyter", "lab"}},
	{"and one before a shell", Image{Entrypoint: words{"/entry.sh", "bash", "-c", "cd /x; jupyter lab"}}, words{"jupyter", "lab"}, words{"/entry.sh"}, words{"jupyter", "lab"}},
	{"a start script of Docker Stacks stays", Image{Entrypoint: words{"start-notebook.sh"}}, words{"--x"}, words{"start-notebook.sh"}, words{"--x"}},
}

// An engine takes a nil entry point for the image's own.
func (suite) TestCommandLine(c *C) {
	for _, test := range commandTests {
		entrypoint, arguments := CommandLine(Serve{Command: test.command}, test.own)
		c.Check(entrypoint, DeepEquals, test.entrypoint, Commentf("%s", test.summary))
		c.Check(arguments, DeepEquals, test.arguments, Commentf("%s", test.summary))
	}
}

func (suite) TestClearedEnv(c *C) {
	for text, cleared := range map[string]bool{
		"":                            true,
		"PATH=/bin":                   true,
		"JUPYTER_CONFIG_PATH=/theirs": true,
		"JUPYTER_CONFIG_PATH=/theirs:" + ConfigDir:  true,
		"JUPYTER_CONFIG_PATH=" + ConfigDir:          false,
		"JUPYTER_CONFIG_PATH=" + ConfigDir + "/:/x": false,
	} {
		c.Check(ClearedEnv(words{"A=1", text}), Equals, cleared, Commentf("%s", text))
	}
	ours := "JUPYTER_CONFIG_PATH=" + ConfigDir
	c.Check(ClearedEnv(words{ours, "JUPYTER_NO_CONFIG="}), Equals, false)
	c.Check(ClearedEnv(words{ours, "JUPYTER_NO_CONFIG=1"}), Equals, true)
}
