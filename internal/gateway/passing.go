package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
)

// pass writes an offer with the sockets beside its first byte.
func pass(conn *net.UnixConn, o offer, sockets []*listener) error {
	line, err := json.Marshal(o)
	if err != nil {
		return err
	}
	fds, err := descriptorsOf(sockets)
	if err != nil {
		return err
	}
	var beside []byte
	if len(fds) > 0 {
		beside = syscall.UnixRights(fds...)
	}
	line = append(line, '\n')
	n, _, err := conn.WriteMsgUnix(line, beside, nil)
	if err != nil || n == len(line) {
		return err
	}
	_, err = conn.Write(line[n:])
	return err
}

// descriptorsOf are the sockets' own, which stay open as long as the gateway's
// lock is held. They are not duplicated through os.File, which would make them
// block, for both gateways.
func descriptorsOf(sockets []*listener) ([]int, error) {
	var fds []int
	for _, socket := range sockets {
		raw, err := socket.SyscallConn()
		if err == nil {
			err = raw.Control(func(fd uintptr) { fds = append(fds, int(fd)) })
		}
		if err != nil {
			return nil, err
		}
	}
	return fds, nil
}

// receive reads an offer. The sockets come with its first piece.
func receive(conn *net.UnixConn) (offer, map[string]*net.TCPListener, error) {
	line, beside := make([]byte, 64<<10), make([]byte, syscall.CmsgSpace(4*maxListen))
	n, m, flags, _, err := conn.ReadMsgUnix(line, beside)
	if err != nil {
		return offer{}, nil, err
	}
	fds, err := descriptors(beside[:m])
	if err == nil && flags&syscall.MSG_CTRUNC != 0 {
		err = errors.New("not all sockets arrived")
	}
	var o offer
	if err == nil {
		rest := io.MultiReader(bytes.NewReader(line[:n]), conn)
		err = json.NewDecoder(rest).Decode(&o)
	}
	if err == nil && len(fds) != len(o.Sockets) {
		err = fmt.Errorf("%d sockets arrived, not %d", len(fds), len(o.Sockets))
	}
	sockets, openErr := listeners(fds, o.Sockets)
	if err = errors.Join(err, openErr); err != nil {
		closeAll(sockets)
	}
	return o, sockets, err
}

func closeAll(sockets map[string]*net.TCPListener) {
	for _, socket := range sockets {
		socket.Close()
	}
}

func descriptors(beside []byte) ([]int, error) {
	messages, err := syscall.ParseSocketControlMessage(beside)
	if err != nil {
		return nil, err
	}
	var fds []int
	for i := range messages {
		some, err := syscall.ParseUnixRights(&messages[i])
		if err != nil {
			return nil, err
		}
		fds = append(fds, some...)
	}
	return fds, nil
}

// listeners makes the descriptors listeners under the names; what is not
// wanted is closed.
func listeners(fds []int, names []string) (map[string]*net.TCPListener, error) {
	made := map[string]*net.TCPListener{}
	var failure error
	for i, fd := range fds {
		file := os.NewFile(uintptr(fd), "passed socket")
		l, err := net.FileListener(file) // a duplicate
		file.Close()
		tcp, ok := l.(*net.TCPListener)
		switch {
		case err != nil:
			failure = err
		case !ok || i >= len(names):
			l.Close()
		default:
			made[names[i]] = tcp
		}
	}
	return made, failure
}
