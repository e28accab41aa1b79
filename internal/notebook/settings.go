package notebook

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"strings"
)

// common is the part of the settings that both kinds of server share: how the
// token is read and which directory is shown.
//
//go:embed settings/common.py
var common string

//go:embed settings/server.py
var server string

//go:embed settings/classic.py
var classic string

// Settings are the configuration files of a candidate, by name. They hold no
// secret.
func Settings(s Serve, p Place) map[string]string {
	ip, port := Address(s.NetworkMode, p)
	head := fmt.Sprintf("%s\nIP = %q\nPORT = %d\nBASE_URL = %q\nCULL_SECONDS = %d\n",
		strings.TrimSpace(common), ip, port, s.BaseURL, s.CullMinutes*60)
	return map[string]string{
		"jupyter_server_config.py":   head + "\n" + server,
		"jupyter_notebook_config.py": head + "\n" + classic,
	}
}

// settingsDigest tells one charm's settings from another's.
func settingsDigest() string {
	sum := sha256.Sum256([]byte(common + server + classic))
	return hex.EncodeToString(sum[:])[:12]
}
