//go:build integration

package images_test

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// host runs a line of shell with images/host.sh read.
func host(line string, env ...string) (string, error) {
	cmd := exec.Command("bash", "-c", ". ../../images/host.sh; "+line)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// An image that a current engine had pushed, with OCI's media types, was not seen in
// the registry: all was built and pushed again each time.
func TestSeesWhatIsInTheRegistry(t *testing.T) {
	registry := cmp.Or(os.Getenv("REGISTRY"), "127.0.0.1:5000")
	repository := fmt.Sprintf("test/host-%06x", rand.IntN(1<<24))
	config := putBlob(t, "http://"+registry+"/v2/"+repository, "{}")
	manifest := func(kind, of string) string {
		return fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":%q,"digest":%q,"size":2},"layers":[]}`, kind, of, config)
	}
	oci, docker := "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"
	alone := manifest(oci, "application/vnd.oci.image.config.v1+json")
	list := func(kind string) string {
		return fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"manifests":[{"mediaType":%q,"digest":%q,"size":%d,"platform":{"architecture":"amd64","os":"linux"}}]}`,
			kind, oci, digest(alone), len(alone))
	}
	ociIndex, dockerList := "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"
	for _, test := range []struct{ tag, kind, body string }{
		{"docker", docker, manifest(docker, "application/vnd.docker.container.image.v1+json")},
		{"oci", oci, alone},
		{"index", ociIndex, list(ociIndex)},
		{"list", dockerList, list(dockerList)},
	} {
		at := "http://" + registry + "/v2/" + repository + "/manifests/"
		send(t, http.MethodPut, at+test.tag, test.kind, test.body, http.StatusCreated)
		t.Cleanup(func() { send(t, http.MethodDelete, at+digest(test.body), "", "", http.StatusAccepted) })
		if out, err := host("in_registry " + registry + "/" + repository + ":" + test.tag); err != nil {
			t.Errorf("%s: in_registry says no: %v: %s", test.kind, err, out)
		}
	}
	if out, err := host("in_registry " + registry + "/" + repository + ":none"); err == nil {
		t.Errorf("in_registry sees what is not there: %s", out)
	}
}

func digest(body string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(body))) }

// putBlob uploads a blob to a repository of a registry, and returns its digest.
func putBlob(t *testing.T, repository, body string) string {
	t.Helper()
	place, err := url.Parse(send(t, http.MethodPost, repository+"/blobs/uploads/", "", "", http.StatusAccepted).Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	query := place.Query()
	query.Set("digest", digest(body))
	place.RawQuery = query.Encode()
	send(t, http.MethodPut, place.String(), "application/octet-stream", body, http.StatusCreated)
	return digest(body)
}

// send makes a request that must be answered so, and returns the answer's header.
func send(t *testing.T, method, url, kind, body string, want int) http.Header {
	t.Helper()
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", kind)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != want {
		t.Fatalf("%s %s: %s", method, url, answer.Status)
	}
	return answer.Header
}

// A client that the engine refuses is not taken, and the words are the engine's: they
// were "install docker.io", where what that installs is the client that is too old.
func TestTakesNoClientThatTheEngineRefuses(t *testing.T) {
	out, err := host("find_docker", "DOCKER_API_VERSION=1.99")
	if err == nil || !strings.Contains(out, "client version 1.99 is too new") {
		t.Errorf("find_docker of refused clients: %v: %s", err, out)
	}
}
