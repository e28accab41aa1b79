//go:build bench

package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// silent tools answer nothing, and take words that may be new at each run.
var silent = []string{"juju-log", "status-set", "application-version-set", "relation-set", "open-port", "close-port", "state-set"}

// tools are all that either charm may call.
var tools = append([]string{
	"config-get", "is-leader", "opened-ports", "network-get", "secret-get", "secret-ids", "secret-info-get", "relation-ids",
	"relation-list", "relation-get", "storage-list", "storage-get", "status-get", "state-get", "goal-state", "unit-get", "resource-get",
}, silent...)

// call is one call of a hook tool with its answer, as hooktool keeps it.
type call struct {
	Tool, Stdout, Stderr string
	Args                 []string
	Code                 int
}

// recorder is the script that runs one hook of a charm in the unit's own
// context, with its calls kept. Its arguments are the folder of the record and
// that of the charm, empty for the unit's own.
const recorder = `#!/bin/sh
set -e
record=$1
if [ -n "$2" ]; then JUJU_CHARM_DIR=$2 CHARM_DIR=$2; export JUJU_CHARM_DIR CHARM_DIR; fi
cd "$JUJU_CHARM_DIR"
unset JUJU_ACTION_NAME JUJU_ACTION_UUID JUJU_ACTION_TAG
export JUJU_HOOK_NAME=update-status JUJU_DISPATCH_PATH=hooks/update-status
env -0 >"$record/environment"
HOOKTOOL_REAL=$(dirname "$(command -v config-get)") HOOKTOOL_DIR=$record PATH=$record/recorders:$PATH ./dispatch
`

// record runs update-status once in the unit's context, keeps every call of a
// hook tool, and writes tools into folder/answers that answer the same at once.
func record(t *testing.T, m *model, hooktool, charmFolder string, environment ...string) (folder string, calls []call) {
	t.Helper()
	folder = t.TempDir() // holds the token: only its owner can enter
	if err := os.Mkdir(filepath.Join(folder, "recorders"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tool := range tools {
		if err := os.Symlink(hooktool, filepath.Join(folder, "recorders", tool)); err != nil {
			t.Fatal(err)
		}
	}
	script := filepath.Join(folder, "record.sh")
	if err := os.WriteFile(script, []byte(recorder), 0o700); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"--unit", unit, "--", "env"}, environment...)
	m.juju("exec", append(args, script, folder, charmFolder)...)
	calls = readCalls(t, folder)
	writeAnswers(t, filepath.Join(folder, "answers"), calls)
	return folder, calls
}

func readCalls(t *testing.T, folder string) []call {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "call-*.json"))
	if err != nil {
		t.Fatal(err)
	}
	calls := make([]call, len(files))
	for i, name := range files {
		data, err := os.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(data, &calls[i])
		}
		if err != nil {
			t.Fatalf("cannot read a recorded call: %v", err)
		}
	}
	return calls
}

// writeAnswers makes one shell script a tool: dash starts in less time than any
// other program that could answer.
func writeAnswers(t *testing.T, folder string, calls []call) {
	t.Helper()
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tool := range tools {
		if err := os.WriteFile(filepath.Join(folder, tool), []byte(answers(tool, calls)), 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

func answers(tool string, calls []call) string {
	if slices.Contains(silent, tool) {
		return "#!/bin/sh\n"
	}
	var script strings.Builder
	script.WriteString("#!/bin/sh\ncase \"$*\" in\n")
	for _, c := range calls {
		if c.Tool == tool {
			fmt.Fprintf(&script, "%s) printf %%s %s; printf %%s %s >&2; exit %d ;;\n",
				quote(strings.Join(c.Args, " ")), quote(c.Stdout), quote(c.Stderr), c.Code)
		}
	}
	script.WriteString("*) echo \"cannot answer $0 $*: not recorded\" >&2; exit 99 ;;\nesac\n")
	return script.String()
}

// quote makes one word of the shell of any text.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
