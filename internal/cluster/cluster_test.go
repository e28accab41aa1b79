package cluster

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// Real masters, resource managers and Connect servers are met in tests/: here are
// the answers that those do not give at will.
func TestPackage(t *testing.T) { TestingT(t) }

type suite struct{}

var _ = Suite(suite{})

func (suite) TestResourceManagers(c *C) {
	answers := func(code int, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}))
		return s.URL
	}
	good := answers(200, `{"clusterInfo":{"hadoopVersion":"3.4.1-amzn-4","state":"STARTED"}}`)
	for _, test := range []struct {
		summary string
		pages   []string
		version string
		err     string
	}{
		{"it answers", []string{good}, "3.4.1-amzn-4", ""},
		{"the first is down", []string{"http://127.0.0.1:1", good}, "3.4.1-amzn-4", ""},
		{"none is named", nil, "", ".*no resource manager is named.*"},
		{"it wants a login", []string{answers(401, "")}, "", ".*answers 401: give it by cluster-versions"},
		{"another server", []string{answers(200, "<html>")}, "", ".*answers 200.*"},
		{"it is down", []string{"http://127.0.0.1:1"}, "", ".*127.0.0.1:1/ws/v1/cluster/info refuses.*"},
	} {
		facts, err := askResourceManagers(context.Background(), test.pages)
		c.Check(facts.Hadoop.Value, Equals, test.version, Commentf(test.summary))
		if test.err != "" {
			c.Check(err, ErrorMatches, test.err, Commentf(test.summary))
		} else {
			c.Check(err, IsNil, Commentf(test.summary))
		}
	}
}

// connectAnswering is a server of HTTP/2 without TLS that gives one gRPC answer.
func connectAnswering(c *C, status string, message []byte) spark.Target {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status, Grpc-Message")
		_, _ = w.Write(append([]byte{0, 0, 0, 0, byte(len(message))}, message...))
		w.Header().Set("Grpc-Status", status)
	})
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	c.Assert(err, IsNil)
	server := &http.Server{Handler: handler, Protocols: protocols}
	go func() { _ = server.Serve(listener) }()
	t, err := spark.ParseRemote("sc://" + listener.Addr().String())
	c.Assert(err, IsNil)
	return t
}

func (suite) TestConnectServers(c *C) {
	inner := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "4.0.1")
	reply := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "session")
	reply = protowire.AppendBytes(protowire.AppendTag(reply, 8, protowire.BytesType), inner)
	facts, err := askConnect(context.Background(), connectAnswering(c, "0", reply))
	c.Assert(err, IsNil)
	c.Check(facts.Spark.Value, Equals, "4.0.1")
	for status, message := range map[string][]byte{"16": reply, "0": {0xff}} {
		_, err := askConnect(context.Background(), connectAnswering(c, status, message))
		c.Check(err, ErrorMatches, "the version of the Spark Connect server 127.0.0.1:[0-9]+ is not known: .*")
	}
	silent, _ := spark.ParseRemote("sc://127.0.0.1:1")
	_, err = askConnect(context.Background(), silent)
	c.Check(err, ErrorMatches, ".*it refuses: nothing listens on that port")
}

func (suite) TestReach(c *C) {
	t, _ := spark.ParseMaster("spark://127.0.0.1:1,nowhere.invalid:7077")
	answer := Ask(context.Background(), t, nil)
	c.Assert(answer.Reach, HasLen, 2)
	var said []string
	for _, r := range answer.Reach {
		said = append(said, r.String())
	}
	all := strings.Join(said, "\n")
	c.Check(strings.Contains(all, "master 127.0.0.1:1 refuses: nothing listens on that port"), Equals, true, Commentf(all))
	c.Check(strings.Contains(all, "master nowhere.invalid:7077 cannot be found: the name does not resolve"), Equals, true, Commentf(all))
	c.Assert(answer.Notes, HasLen, 1)
}
