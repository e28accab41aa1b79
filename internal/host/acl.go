// Package host changes the machine: the unit's directories and files, who may
// read them, and the engine's package.
package host

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sort"
	"syscall"
)

// Tags of entries in a POSIX ACL as the kernel's extended attribute has them.
// Source: include/uapi/linux/posix_acl.h of the kernel.
const (
	aclVersion  = 2
	tagUserObj  = 0x01
	tagUser     = 0x02
	tagGroupObj = 0x04
	tagGroup    = 0x08
	tagMask     = 0x10
	tagOther    = 0x20
	noID        = 0xFFFFFFFF

	accessACL  = "system.posix_acl_access"
	defaultACL = "system.posix_acl_default"
)

// Readers are who may use a directory besides its owner: a group, and users
// whose server gave the group away when it stepped down.
type Readers struct {
	Group int
	Users []int
}

type aclEntry struct {
	Tag, Perm uint16
	ID        uint32
}

// acl builds the attribute for an owner's, a group's and others' permission
// bits, with perm for every reader.
func acl(owner, group, other uint16, r Readers, perm uint16) []byte {
	entries := []aclEntry{{tagUserObj, owner, noID}}
	users := slices.Clone(r.Users)
	sort.Ints(users)
	for _, u := range slices.Compact(users) {
		entries = append(entries, aclEntry{tagUser, perm, uint32(u)})
	}
	entries = append(entries, aclEntry{tagGroupObj, group, noID}, aclEntry{tagGroup, perm, uint32(r.Group)},
		aclEntry{tagMask, group | perm, noID}, aclEntry{tagOther, other, noID})
	var out bytes.Buffer
	_ = binary.Write(&out, binary.LittleEndian, uint32(aclVersion)) // a buffer takes everything
	_ = binary.Write(&out, binary.LittleEndian, entries)
	return out.Bytes()
}

// aclIDs are the users or groups, by the tag, that an attribute of a file names;
// none when it has no such attribute.
func aclIDs(path, attribute string, tag uint16) (out []int) {
	b := make([]byte, 4096)
	n, err := syscall.Getxattr(path, attribute, b)
	if err != nil || n < 4 {
		return nil
	}
	entries := make([]aclEntry, (n-4)/8)
	if err := binary.Read(bytes.NewReader(b[4:n]), binary.LittleEndian, entries); err != nil {
		return nil
	}
	for _, e := range entries {
		if e.Tag == tag {
			out = append(out, int(e.ID))
		}
	}
	return out
}

func aclUsers(path, attribute string) []int { return aclIDs(path, attribute, tagUser) }

// in reports whether a file's ACL has entries for all of the readers.
func (r Readers) in(path string) bool {
	users := aclUsers(path, accessACL)
	return slices.Contains(aclIDs(path, accessACL, tagGroup), r.Group) &&
		!slices.ContainsFunc(r.Users, func(id int) bool { return !slices.Contains(users, id) })
}

// hasACL reports whether an attribute of a file has that value.
func hasACL(path, attribute string, want []byte) bool {
	b := make([]byte, 4096)
	n, err := syscall.Getxattr(path, attribute, b)
	return err == nil && bytes.Equal(b[:n], want)
}

// ErrNoACL says that a file system keeps no ACLs.
var ErrNoACL = errors.New("the file system keeps no POSIX ACLs")

// putACL sets an attribute. Its errors name no path, for the walk reaches a file
// by a descriptor.
func putACL(path, attribute string, value []byte) error {
	err := syscall.Setxattr(path, attribute, value, 0)
	switch {
	case errors.Is(err, syscall.EOPNOTSUPP):
		return ErrNoACL
	case isFull(err):
		return ErrNoSpace
	}
	return err
}

func setACL(path, attribute string, value []byte) error {
	if err := putACL(path, attribute, value); err != nil {
		return fmt.Errorf("cannot set the ACL of %s: %w", path, err)
	}
	return nil
}
