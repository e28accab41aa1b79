package host

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// environ is what programs get beside the hook's own environment.
func environ(p notebook.Proxy) []string {
	env := []string{"DEBIAN_FRONTEND=noninteractive", "HOME=/root"}
	for _, pair := range [][2]string{{"http_proxy", p.HTTP}, {"https_proxy", p.HTTPS}, {"no_proxy", p.No}} {
		if pair[1] != "" {
			env = append(env, pair[0]+"="+pair[1], strings.ToUpper(pair[0])+"="+pair[1])
		}
	}
	return env
}

// install puts the distribution's engine in, in one transaction of apt. It
// waits for another apt rather than failing, and ends what a hook that was killed
// left half configured.
func (m Machine) install(ctx context.Context, p notebook.Proxy) error {
	if err := m.proxyDropIn(p); err != nil {
		return err
	}
	if err := m.aptGet(ctx, p, "update", "-q"); err != nil {
		return err
	}
	args := []string{"install", "-q", "-y", "--no-install-recommends", "docker.io", "iptables"}
	err := m.aptGet(ctx, p, args...)
	if err == nil {
		return nil
	}
	if out, mend := m.Run(ctx, environ(p), "dpkg", "--configure", "-a"); mend != nil {
		return fmt.Errorf("%v; dpkg --configure -a: %v: %s", err, mend, lastLines(out, 1))
	}
	return m.aptGet(ctx, p, args...)
}

func (m Machine) aptGet(ctx context.Context, p notebook.Proxy, args ...string) error {
	out, err := m.Run(ctx, environ(p), "apt-get", append([]string{"-o", "DPkg::Lock::Timeout=600", "-o", "Acquire::Retries=3"}, args...)...)
	if err != nil {
		return fmt.Errorf("cannot install docker.io: apt-get %s: %v: %s", args[0], err, lastLines(out, 3))
	}
	return nil
}

// halfInstalled reports whether an installation of the package broke off, as when
// the hook was killed: its unit is there then and not yet enabled.
func (m Machine) halfInstalled(ctx context.Context) bool {
	out, err := m.Run(ctx, []string{"LC_ALL=C"}, "dpkg-query", "-W", "-f=${Status}", "docker.io")
	status := strings.Fields(out)
	if err != nil || len(status) != 3 {
		return false
	}
	switch status[2] {
	case "unpacked", "half-installed", "half-configured", "triggers-awaited", "triggers-pending":
		return true
	}
	return false
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " | ")
}

// proxyDropIn gives the engine's service the model's proxy, before it starts for
// the first time: the engine itself pulls.
func (m Machine) proxyDropIn(p notebook.Proxy) error {
	if p.HTTP == "" && p.HTTPS == "" || !m.hasSystemd() {
		return nil
	}
	text := "[Service]\n"
	for _, pair := range [][2]string{{"HTTP_PROXY", p.HTTP}, {"HTTPS_PROXY", p.HTTPS}, {"NO_PROXY", p.No}} {
		text += fmt.Sprintf("Environment=%q\n", pair[0]+"="+strings.ReplaceAll(pair[1], "%", "%%"))
	}
	if err := os.MkdirAll(m.DropIn, 0o755); err != nil {
		return fmt.Errorf("cannot give the engine its proxy: %v", err)
	}
	if err := os.WriteFile(m.DropIn+"/jupyter-docker-proxy.conf", []byte(text), 0o600); err != nil {
		return fmt.Errorf("cannot give the engine its proxy: %v", err)
	}
	return nil
}
