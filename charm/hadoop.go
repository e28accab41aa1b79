package charm

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/jupyter-docker/jupyter-docker/internal/compat"
)

// hadoop reads the files of hadoop-conf: of the secret that the option names, else
// of the resource, else none.
func (c *Charm) hadoop(uri string) (map[string]string, error) {
	if uri != "" {
		return c.hadoopSecret(uri)
	}
	before, err := filepath.Glob(filepath.Join(c.Event.Dir, "..", "resources", "*", "hadoop-conf.tar"))
	if err != nil {
		return nil, fmt.Errorf("cannot look for the resource %s: %v", compat.HadoopOption, err)
	}
	flat, _ := filepath.Glob(filepath.Join(c.Event.Dir, "..", "resources", "hadoop-conf.tar")) // as some Jujus have it
	if len(before)+len(flat) == 0 && c.Event.Hook == "update-status" {
		return nil, nil // none was there in the hooks that tell of one
	}
	archive, err := c.Tools.Resource(compat.HadoopOption, len(before)+len(flat) > 0)
	if err != nil || archive == "" {
		return nil, err
	}
	f, err := os.Open(archive)
	if err != nil {
		return nil, fmt.Errorf("cannot read the resource %s: %v", compat.HadoopOption, err)
	}
	defer f.Close()
	return compat.HadoopArchive(f)
}

func (c *Charm) hadoopSecret(uri string) (map[string]string, error) {
	content, found, err := c.Tools.UserSecret(uri)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, &compat.HadoopError{Reason: "may not be read: juju grant-secret it to " + c.unit.Application() +
			"; tried again at update-status (5 minutes unless the model says otherwise), at once by the action apply"}
	}
	return compat.HadoopSecret(content)
}
