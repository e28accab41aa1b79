// Localjuju is a stand-in for Juju 4.0 that runs packed charms on this host with
// no controller: the command line, the agent and the hook tools in one program.
// See docs/reference/localjuju.md.
package main

import (
	"os"
	"path/filepath"

	"github.com/jupyter-docker/jupyter-docker/localjuju/client"
)

func main() { os.Exit(client.Main(filepath.Base(os.Args[0]), os.Args)) }
