package notebook

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"strings"
)

// settings is what a server reads at its start, after the values of the
// container: how it gets its token, and which directory it shows.
//
//go:embed settings.py
var settings string

// Settings are the configuration files of a candidate, by name: of jupyter-server
// and of the classic notebook. They hold no secret.
func Settings(s Serve) map[string]string {
	files := map[string]string{}
	for name, app := range map[string]string{"jupyter_server_config.py": "ServerApp", "jupyter_notebook_config.py": "NotebookApp"} {
		files[name] = strings.Replace(settings, "# (values)\n", fmt.Sprintf(
			"APP = %q\nSOCKET = %q\nBASE_URL = %q\nCULL_SECONDS = %d\n", app, socketPath, s.BaseURL, s.CullMinutes*60), 1)
	}
	return files
}

// settingsDigest identifies the settings of this charm.
func settingsDigest() string {
	sum := sha256.Sum256([]byte(settings))
	return hex.EncodeToString(sum[:])[:12]
}
