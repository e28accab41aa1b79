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
func Settings(s Serve, p Place) map[string]string {
	ip, port := Address(s.NetworkMode, p)
	files := map[string]string{}
	for name, app := range map[string]string{"jupyter_server_config.py": "ServerApp", "jupyter_notebook_config.py": "NotebookApp"} {
		files[name] = strings.Replace(settings, "# (values)\n", fmt.Sprintf(
			"APP = %q\nIP = %q\nPORT = %d\nBASE_URL = %q\nCULL_SECONDS = %d\n", app, ip, port, s.BaseURL, s.CullMinutes*60), 1)
	}
	return files
}

// settingsDigest tells one charm's settings from another's.
func settingsDigest() string {
	sum := sha256.Sum256([]byte(settings))
	return hex.EncodeToString(sum[:])[:12]
}
