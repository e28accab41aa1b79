package gateway

import (
	"net/http"
	"strings"

	"gopkg.in/check.v1"
)

type forwardedSuite struct{}

var _ = check.Suite(&forwardedSuite{})

func (*forwardedSuite) TestSetForwarded(c *check.C) {
	const forged = "X-Forwarded-For: 1.1.1.1|X-Real-Ip: 1.1.1.1|X-Forwarded-Proto: https|X-Forwarded-Host: evil|" +
		"Forwarded: for=1.1.1.1|X-Scheme: https|X-Forwarded-Port: 1|X-Forwarded-Prefix: /x"
	for _, test := range []struct {
		summary string
		peer    string
		in      string
		want    string
	}{
		{"nothing said", "192.0.2.1:1234", "",
			"X-Forwarded-For: 192.0.2.1|X-Forwarded-Host: notebook|X-Forwarded-Proto: http|X-Real-Ip: 192.0.2.1"},
		{"a stranger is not believed", "192.0.2.1:1234", forged,
			"X-Forwarded-For: 192.0.2.1|X-Forwarded-Host: notebook|X-Forwarded-Proto: http|X-Real-Ip: 192.0.2.1"},
		{"over IPv6", "[2001:db8::1%eth0]:1234", forged,
			"X-Forwarded-For: 2001:db8::1|X-Forwarded-Host: notebook|X-Forwarded-Proto: http|X-Real-Ip: 2001:db8::1"},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:1234", "X-Forwarded-For: 192.0.2.7",
			"X-Forwarded-For: 192.0.2.7, 10.0.0.1|X-Forwarded-Host: notebook|X-Forwarded-Proto: http|X-Real-Ip: 192.0.2.7"},
		{"a proxy that says nothing", "10.0.0.1:1234", "",
			"X-Forwarded-For: 10.0.0.1|X-Forwarded-Host: notebook|X-Forwarded-Proto: http|X-Real-Ip: 10.0.0.1"},
		{"a proxy is believed", "10.0.0.1:1234",
			"X-Forwarded-For: 192.0.2.7|X-Forwarded-Proto: https|X-Forwarded-Host: lab.example|Forwarded: for=192.0.2.7|X-Scheme: https",
			"Forwarded: for=192.0.2.7|X-Forwarded-For: 192.0.2.7, 10.0.0.1|X-Forwarded-Host: lab.example|X-Forwarded-Proto: https|X-Real-Ip: 192.0.2.7|X-Scheme: https"},
		{"what a client told the proxy is not", "10.0.0.1:1234", "X-Forwarded-For: 1.1.1.1, 192.0.2.7|X-Real-Ip: 1.1.1.1",
			"X-Forwarded-For: 1.1.1.1, 192.0.2.7, 10.0.0.1|X-Forwarded-Host: notebook|X-Forwarded-Proto: http|X-Real-Ip: 192.0.2.7"},
		{"a row of proxies", "10.0.0.1:1234", "X-Forwarded-For: 192.0.2.7|X-Forwarded-For: 172.16.3.4",
			"X-Forwarded-For: 192.0.2.7, 172.16.3.4, 10.0.0.1|X-Forwarded-Host: notebook|X-Forwarded-Proto: http|X-Real-Ip: 192.0.2.7"},
		{"rubbish in the row", "10.0.0.1:1234", "X-Forwarded-For: unknown, 172.16.3.4",
			"X-Forwarded-For: unknown, 172.16.3.4, 10.0.0.1|X-Forwarded-Host: notebook|X-Forwarded-Proto: http|X-Real-Ip: 172.16.3.4"},
		{"only X-Real-IP", "10.0.0.1:1234", "X-Real-Ip: 192.0.2.7",
			"X-Forwarded-For: 10.0.0.1|X-Forwarded-Host: notebook|X-Forwarded-Proto: http|X-Real-Ip: 192.0.2.7"},
	} {
		trusted, err := parseTrusted([]string{"10.0.0.1", "172.16.0.0/12"})
		c.Assert(err, check.IsNil)
		in := &http.Request{RemoteAddr: test.peer, Host: "notebook", Header: headers(test.in)}
		out := in.Header.Clone()
		setForwarded(out, in, trusted)
		c.Check(out, check.DeepEquals, headers(test.want), check.Commentf(test.summary))
	}
}

func headers(lines string) http.Header {
	header := http.Header{}
	for _, line := range strings.Split(lines, "|") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			header.Add(name, value)
		}
	}
	return header
}
