//go:build integration

package stories

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// slowly saves a file whose end it holds back until the function that it returns
// is called: a request that a switch waits for. It gives up on its own in time.
func (n *notebook) slowly(path string) (end func() int) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	n.t.Cleanup(cancel)
	body, w := io.Pipe()
	req, err := http.NewRequestWithContext(ctx, "PUT", n.url+"api/contents/"+path, body)
	if err != nil {
		n.t.Fatal(err)
	}
	req.Header.Set("Authorization", "token "+n.token)
	out := make(chan int, 1)
	go func() {
		resp, err := (&http.Client{Transport: &http.Transport{Proxy: nil}}).Do(req)
		if err != nil {
			out <- 0
			return
		}
		resp.Body.Close()
		out <- resp.StatusCode
	}()
	go fmt.Fprint(w, `{"type": "file", "format": "text", "content": "slo`)
	return func() int {
		fmt.Fprint(w, `wly"}`)
		w.Close()
		return <-out
	}
}

// listens starts a cell that ends with the file that end names, waits until Jupyter
// knows, and sends what it printed. It listens from the start: Jupyter hangs up on
// clients that do not.
func (k *kernel) listens() <-chan string {
	k.n.t.Helper()
	id := k.send("import os, time\nwhile not os.path.exists(os.path.expanduser('~/work/" + k.end() + "')): time.sleep(0.1)\nprint('computed')")
	out := make(chan string, 1)
	go func() {
		got, err := k.wait(id, 10*time.Minute)
		if err != nil {
			got += err.Error()
		}
		out <- got
	}()
	eventually(k.n.t, "the kernel is busy", time.Minute, func() bool {
		code, state, err := k.n.try("GET", "api/kernels/"+k.id, k.n.token, nil)
		return err == nil && (code == 404 || strings.Contains(string(state), `"busy"`)) // 404: people are elsewhere
	})
	return out
}

// Somebody begins to compute in the former notebook just when people were sent to
// the new one, where others began too: the gateway turns back, and the new one
// stays until its people are done. Once it was removed at once, with their kernels.
func TestTurnedBack(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "switch-when=idle")
	m.waitActive("nb/0", "test/plain:1")
	n := m.open("nb/0")
	former := n.startKernel()
	former.run("held = 41")
	end := n.slowly("slow.txt")
	m.config("nb", "jupyter-image="+image("plain2"))
	eventually(t, "people are sent to the new notebook", patience, func() bool {
		code, all, err := n.try("GET", "api/kernels", n.token, nil)
		return err == nil && code == 200 && !strings.Contains(string(all), former.id)
	})
	first := former.listens()
	later := n.startKernel()
	second := later.listens()
	if code := end(); code != 201 {
		t.Errorf("the slow request was answered %d", code)
	}
	m.waitActive("nb/0", "test/plain:1", "waits", former.name())
	code, all, err := n.try("GET", "api/kernels", n.token, nil)
	if err != nil || code != 200 || !strings.Contains(string(all), former.id) {
		t.Fatalf("people are not back at the former notebook: %d %v %s", code, err, all)
	}
	m.updateStatus("nb/0")
	s := m.waitActive("nb/0", "test/plain:1", "waits", former.name())
	if got := len(m.parts("nb/0")["notebook"]); got != 2 {
		t.Errorf("while people compute in both there are %d notebooks: %s", got, s)
	}
	for k, printed := range map[*kernel]<-chan string{later: second, former: first} {
		n.write(k.end(), "")
		if got := <-printed; got != "computed\n" {
			t.Errorf("the cell of kernel %s printed %q", k.name(), got)
		}
	}
	later.conn.Close()
	former.conn.Close()
	eventually(t, "the switch is made", patience, func() bool {
		m.updateStatus("nb/0")
		s := m.unit("nb/0")
		return strings.Contains(s.Workload.Message, "test/plain2:1") && !strings.Contains(s.Workload.Message, "waits")
	})
	n.serves()
	if left := m.leftovers("nb/0"); left != "" {
		t.Errorf("after the switch there is %s", left)
	}
}
