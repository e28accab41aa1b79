//go:build integration

package images_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pi computes pi with Spark and says who Spark thinks runs it.
const pi = `
from pyspark.sql import SparkSession
sc = SparkSession.builder.getOrCreate().sparkContext
inside = sc.parallelize(range(4), 4).map(lambda i: sum((x + .5) ** 2 + (y + .5) ** 2 < 1e4 for x in range(100) for y in range(100))).sum()
print("user", sc.sparkUser(), "pi", inside / 1e4)
`

func TestSparkRunsAsAnyUser(t *testing.T) {
	image := ours(t)
	for _, test := range []struct {
		summary string
		args    []string
		want    string
	}{
		{"the image's own user, in a group without a name", []string{"--group-add", "7777"}, "user jupyter pi 3.1"},
		{"no passwd line, no group", []string{"--user", "4321:4321", "--group-add", "7777"}, "user jupyter pi 3.1"},
		{"no passwd line, a home that cannot be written", []string{"--user", "4321:0", "--read-only", "--tmpfs", "/tmp:exec"}, "user jupyter pi 3.1"},
		{"root", []string{"--user", "0"}, "user root pi 3.1"},
	} {
		t.Run(test.summary, func(t *testing.T) {
			args := append(append([]string{"run", "--rm", "--network", "none"}, test.args...), image, "python", "-c", pi)
			if got := docker(t, args...); !strings.Contains(got, test.want) {
				t.Errorf("got %s\nwant %q", got, test.want)
			}
		})
	}
}

// notebook is a running container of our image, seen through its published port.
type notebook struct{ id, url, token string }

// start runs the image and waits until its server answers below path.
func start(t *testing.T, path, token string, args ...string) notebook {
	t.Helper()
	id := docker(t, append([]string{"run", "-d", "-p", "127.0.0.1::8888"}, args...)...)
	t.Cleanup(func() { docker(t, "rm", "-f", id) })
	n := notebook{id: id, url: "http://" + docker(t, "port", id, "8888") + path, token: token}
	for until := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if code, _, _ := n.get("api", ""); code == http.StatusOK {
			return n
		}
		if time.Now().After(until) {
			t.Fatalf("no server answers:\n%s", docker(t, "logs", id))
		}
	}
}

// get asks for a page below the base URL, following no redirect; it returns the
// status, where a redirect leads to, and the page.
func (n notebook) get(page, token string) (code int, location, body string) {
	request, err := http.NewRequest(http.MethodGet, n.url+page, nil)
	if err != nil {
		return 0, "", err.Error()
	}
	if token != "" {
		request.Header.Set("Authorization", "token "+token)
	}
	client := http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	reply, err := client.Do(request)
	if err != nil {
		return 0, "", err.Error()
	}
	defer reply.Body.Close()
	all, _ := io.ReadAll(reply.Body)
	return reply.StatusCode, reply.Header.Get("Location"), string(all)
}

// configured starts the image as the charm does: another uid, in the group of its
// data, with a configuration folder that comes first.
func configured(t *testing.T) (n notebook, data string) {
	t.Helper()
	dir := t.TempDir()
	data = filepath.Join(dir, "data")
	const config = `
c.ServerApp.token = c.IdentityProvider.token = "secret-of-the-test"
c.ServerApp.base_url = "/team/x/"
c.ServerApp.root_dir = "/home/jupyter/work"
`
	for _, err := range []error{
		os.Mkdir(data, 0o700), os.Chown(data, 0, 7777), os.Chmod(data, os.ModeSetgid|0o770), os.Chmod(dir, 0o755),
		os.WriteFile(filepath.Join(dir, "jupyter_server_config.py"), []byte(config), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return start(t, "/team/x/", "secret-of-the-test", "--user", "4321:4321", "--group-add", "7777",
		"-e", "JUPYTER_CONFIG_PATH=/conf", "-v", dir+":/conf:ro", "-v", data+":/home/jupyter/work", ours(t)), data
}

func TestConfigurationBeforeTheImagesOwn(t *testing.T) {
	n, data := configured(t)
	if code, _, _ := n.get("api/contents", ""); code != http.StatusForbidden {
		t.Errorf("without the token: got %d, want 403", code)
	}
	if code, _, body := n.get("api/contents", n.token); code != http.StatusOK || !strings.Contains(body, "first-steps.ipynb") {
		t.Errorf("with the token: got %d and %s", code, body)
	}
	health := ""
	for until := time.Now().Add(time.Minute); health != "healthy" && time.Now().Before(until); time.Sleep(time.Second) {
		health = docker(t, "inspect", "-f", "{{.State.Health.Status}}", n.id)
	}
	if health != "healthy" {
		t.Errorf("with a base URL the image says of itself: %s", health)
	}
	// What was offered once and then changed or removed is the user's.
	offered := []string{"first-steps.ipynb", "examples/s3.ipynb"}
	for _, name := range offered {
		if err := os.Remove(filepath.Join(data, name)); err != nil {
			t.Fatal(err)
		}
	}
	docker(t, "restart", n.id)
	time.Sleep(3 * time.Second)
	for _, name := range offered {
		if _, err := os.Stat(filepath.Join(data, name)); err == nil {
			t.Errorf("%s came back after it had been deleted", name)
		}
	}
}

func TestFirstStepsAndSparkUI(t *testing.T) {
	n, _ := configured(t)
	const execute = "cd /tmp && enter jupyter nbconvert --to notebook --execute --stdout /home/jupyter/work/first-steps.ipynb"
	if got := docker(t, "exec", "-e", "LD_PRELOAD=", n.id, "sh", "-c", execute); strings.Count(got, "pi is roughly 3.1") != 2 || !strings.Contains(got, "/team/x/proxy/4040/jobs/") {
		t.Errorf("the first notebook computed\n%s", got)
	}
	docker(t, "exec", "-d", n.id, "enter", "python", "-c", pi+"import time; time.sleep(300)")
	page, code := "", 0
	for until := time.Now().Add(time.Minute); !strings.Contains(page, "Spark Jobs") && time.Now().Before(until); time.Sleep(time.Second) {
		code, _, page = n.get("spark-ui/jobs/", n.token)
	}
	if !strings.Contains(page, `href="/team/x/spark-ui/static/webui.css"`) {
		t.Errorf("the Spark UI: got %d and\n%s", code, page)
	}
	if code, _, page := n.get("spark-ui/jobs/", ""); code == http.StatusOK || strings.Contains(page, "Spark") {
		t.Errorf("the Spark UI without the token: got %d", code)
	}
	for _, page := range []string{"spark-ui/", "proxy/4040/"} {
		if _, location, _ := n.get(page, n.token); location != "/team/x/"+page+"jobs/" {
			t.Errorf("%s leads to %q", page, location)
		}
	}
}

func TestRunsAsItIs(t *testing.T) {
	locked := filepath.Join(t.TempDir(), "locked")
	if err := os.Mkdir(locked, 0o755); err != nil {
		t.Fatal(err)
	}
	n := start(t, "/", "", "-e", "JUPYTER_TOKEN=abc", "-v", locked+":/home/jupyter/work", ours(t))
	for token, want := range map[string]int{"": http.StatusForbidden, "wrong": http.StatusForbidden, "abc": http.StatusOK} {
		if code, _, _ := n.get("api/contents", token); code != want {
			t.Errorf("token %q: got %d, want %d", token, code, want)
		}
	}
}
