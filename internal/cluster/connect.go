package cluster

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// Field numbers of Spark Connect's messages.
// Source: sql/connect/common/src/main/protobuf/spark/connect/base.proto of Spark 3.5 and 4.0.
const (
	requestSession  = 1  // AnalyzePlanRequest.session_id, ReleaseSessionRequest.session_id
	requestUser     = 2  // .user_context
	requestClient   = 3  // .client_type
	requestVersion  = 10 // AnalyzePlanRequest.spark_version
	userID          = 1  // UserContext.user_id
	responseVersion = 8  // AnalyzePlanResponse.spark_version
	version         = 1  // AnalyzePlanResponse.SparkVersion.version
)

const connectService = "/spark.connect.SparkConnectService/"

// askConnect asks a Spark Connect server for Spark's version, in a session that it
// gives back.
func askConnect(ctx context.Context, t spark.Target) (spark.Facts, error) {
	server, parameters := t.Server()
	s := &connectServer{at: server, parameters: parameters, client: connectClient()}
	defer s.client.CloseIdleConnections()
	session := sessionID()
	base := s.base(session)
	reply, err := s.call(ctx, "AnalyzePlan", protowire.AppendBytes(protowire.AppendTag(base, requestVersion, protowire.BytesType), nil))
	if err != nil {
		return spark.Facts{}, fmt.Errorf("the version of the Spark Connect server %s is not known: %v", server, err)
	}
	_, _ = s.call(ctx, "ReleaseSession", s.base(session)) // servers before 4.0 let it expire
	said := field(field(reply, responseVersion), version)
	if len(said) == 0 {
		return spark.Facts{}, fmt.Errorf("the version of the Spark Connect server %s is not known: it does not say", server)
	}
	return spark.Facts{Spark: spark.Fact{Value: string(said), Source: "Spark Connect server " + server.String()}}, nil
}

type connectServer struct {
	at         spark.Address
	parameters map[string]string
	client     *http.Client
}

// connectClient speaks HTTP/2 alone, with and without TLS, as gRPC does.
func connectClient() *http.Client {
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Client{Transport: &http.Transport{Protocols: protocols}}
}

func sessionID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// base is what every request of a session begins with.
func (s *connectServer) base(session string) (out []byte) {
	user := s.parameters["user_id"]
	if user == "" {
		user = "jupyter-docker"
	}
	context := protowire.AppendString(protowire.AppendTag(nil, userID, protowire.BytesType), user)
	out = protowire.AppendString(protowire.AppendTag(out, requestSession, protowire.BytesType), session)
	out = protowire.AppendBytes(protowire.AppendTag(out, requestUser, protowire.BytesType), context)
	return protowire.AppendString(protowire.AppendTag(out, requestClient, protowire.BytesType), "jupyter-docker")
}

// call makes a gRPC call with one message each way.
// Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
func (s *connectServer) call(ctx context.Context, method string, message []byte) ([]byte, error) {
	frame := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
	target := url.URL{Scheme: "http", Host: s.at.String(), Path: connectService + method}
	if token := s.parameters["token"]; s.parameters["use_ssl"] == "true" || token != "" {
		target.Scheme = "https"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(frame))
	if err != nil {
		return nil, fmt.Errorf("cannot ask it: %v", err)
	}
	req.Header.Set("Content-Type", "application/grpc")
	req.Header.Set("TE", "trailers")
	if token := s.parameters["token"]; token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return nil, fmt.Errorf("it %s", reason(err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("it broke off: %v", err)
	}
	status := resp.Trailer.Get("Grpc-Status")
	if status == "" {
		status = resp.Header.Get("Grpc-Status")
	}
	if resp.StatusCode != http.StatusOK || status != "0" || len(body) < 5 {
		return nil, fmt.Errorf("it answers %d, gRPC status %s %s", resp.StatusCode, status, resp.Trailer.Get("Grpc-Message"))
	}
	return body[5:], nil
}

// field is the first field of a message with that number that holds bytes.
func field(message []byte, number protowire.Number) []byte {
	for len(message) > 0 {
		n, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return nil
		}
		message = message[size:]
		if n == number && kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(message)
			return value
		}
		if size = protowire.ConsumeFieldValue(n, kind, message); size < 0 {
			return nil
		}
		message = message[size:]
	}
	return nil
}
