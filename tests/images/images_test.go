//go:build integration

// Package images_test builds our own images and holds them to what
// docs/reference/images.md promises.
package images_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// changed builds with another list of requirements, as this machine with settings
// that can be recognised: a host for pip, one for the proxy, a certificate.
func changed(t *testing.T) (image string) {
	t.Helper()
	dir := t.TempDir()
	requirements := filepath.Join(dir, "requirements.txt")
	if err := os.WriteFile(requirements, []byte("# "+dir+"\npackaging\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	bundle, err := os.ReadFile("/etc/ssl/certs/ca-certificates.crt")
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(dir, "ca.crt")
	if err := os.WriteFile(ca, append([]byte("# canary.invalid\n"), bundle...), 0o600); err != nil {
		t.Fatal(err)
	}
	image, printed, err := build(t, "REQUIREMENTS="+requirements, "IMAGE_PREFIX=jupyter-docker.local/test",
		"PIP_TRUSTED_HOST=canary.invalid", "no_proxy=canary.invalid", "NO_PROXY=canary.invalid", "SSL_CERT_FILE="+ca)
	if err != nil {
		t.Fatalf("cannot build with other requirements: %v\n%s", err, printed)
	}
	t.Cleanup(func() {
		docker(t, "rmi", image, sibling(image, "spark-executor"), sibling(image, "spark-base"))
	})
	return image
}

func TestRequirementsRebuildTheLastLayerOnly(t *testing.T) {
	before, after := ours(t), changed(t)
	for _, name := range []string{"jupyterlab-spark-hadoop", "spark-executor"} {
		was, is := inspect(t, sibling(before, name)).RootFS.Layers, inspect(t, sibling(after, name)).RootFS.Layers
		last := len(was) - 1
		if len(is) != len(was) || !slices.Equal(is[:last], was[:last]) || is[last] == was[last] {
			t.Errorf("%s: got layers\n%s\nwant all but the last of\n%s", name, strings.Join(is, "\n"), strings.Join(was, "\n"))
		}
	}
	was, is := buildIDs(t, before), buildIDs(t, after)
	if len(was) != 1 || len(is) != 1 || was[0] == "" || is[0] == was[0] {
		t.Errorf("got build ids %q, and %q with other requirements: want one, and another one", was, is)
	}
}

func TestNothingOfTheBuildMachineStays(t *testing.T) {
	image := changed(t)
	if history := docker(t, "history", "--no-trunc", image); strings.Contains(history, "canary") {
		t.Errorf("the history tells the machine's settings:\n%s", history)
	}
	const search = `
		grep -rlsF canary.invalid / --exclude-dir=proc --exclude-dir=sys
		find / -xdev '(' -name pip.conf -o -name settings.xml -o -path '/var/lib/apt/lists/*' -o -path '/run/secrets/*' ')'
		grep -hv -e '^deb http://deb.debian.org/' -e '^#' -e '^$' /etc/apt/sources.list
		find /etc/apt/apt.conf.d /etc/apt/auth.conf.d /etc/apt/sources.list.d -type f ! -name 01autoremove ! -name 70debconf
		find / -xdev -perm /6000 -type f -newer /opt/requirements.txt
		true`
	if found := docker(t, "run", "--rm", "--user", "0", "--network", "none", image, "sh", "-c", search); found != "" {
		t.Errorf("the image keeps what the build alone should know:\n%s", found)
	}
}

func TestNoCertificateOfTheBuildMachineStays(t *testing.T) {
	const bundle = "/etc/ssl/certs/ca-certificates.crt"
	image := ours(t)
	known := docker(t, "run", "--rm", "--network", "none", image, "cat", bundle)
	mine, err := os.ReadFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	var extra []string
	for _, certificate := range strings.Split(string(mine), "-----BEGIN CERTIFICATE-----\n")[1:] {
		// The second line has the serial number: the first is alike in many.
		if line := strings.Split(certificate, "\n")[1]; !strings.Contains(known, line) {
			extra = append(extra, line)
		}
	}
	t.Logf("this machine trusts %d certificates that Debian does not", len(extra))
	if len(extra) == 0 {
		return
	}
	patterns := filepath.Join(t.TempDir(), "patterns")
	if err := os.WriteFile(patterns, []byte(strings.Join(extra, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if found := docker(t, "run", "--rm", "--user", "0", "--network", "none", "-v", patterns+":/patterns:ro", image,
		"sh", "-c", "grep -rlsFf /patterns /etc /usr /opt /var /root /home /tmp; true"); found != "" {
		t.Errorf("the image trusts this machine's own certificates:\n%s", found)
	}
}

func TestLabelsSayWhatTheFilesSay(t *testing.T) {
	image := ours(t)
	labels := inspect(t, image).Config.Labels
	for _, line := range strings.Split(docker(t, "run", "--rm", image, "image-versions"), "\n") {
		name, version, _ := strings.Cut(line, "=")
		if got := labels["io.github.jupyter-docker.image."+name]; got != version || version == "" {
			t.Errorf("label %s is %q, the files say %q", name, got, version)
		}
	}
	if got := labels["io.github.jupyter-docker.image.spark"]; got != "3.5.6" {
		t.Errorf("got Spark %s, want 3.5.6", got)
	}
	_, printed, err := build(t, "JAVA_VERSION=1.2.3", "IMAGE_PREFIX=jupyter-docker.local/test")
	if want := "cannot label java as '1.2.3': the files of the image are"; err == nil || !strings.Contains(printed, want) {
		t.Errorf("a wrong label: got %v and\n%s\nwant a failure that says %q", err, printed, want)
	}
}

func TestCommandLineFixesNothing(t *testing.T) {
	config := inspect(t, ours(t)).Config
	if config.User != "1000:1000" || !strings.HasSuffix(config.Entrypoint[0], "/tini") || !slices.Equal(config.Cmd, []string{"start-notebook"}) {
		t.Errorf("got user %q, entrypoint %q, command %q", config.User, config.Entrypoint, config.Cmd)
	}
	for _, e := range config.Env {
		if key, _, _ := strings.Cut(e, "="); strings.HasPrefix(key, "JUPYTER") || strings.Contains(strings.ToLower(key), "proxy") {
			t.Errorf("the image sets %s", key)
		}
	}
}
