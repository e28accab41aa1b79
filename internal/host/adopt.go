package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Adopt makes a directory of notebooks readable and writable for the unit's
// group and the users, with one pass over what was there before, which takes no
// longer than limit. When the directory is adopted already, it does nothing.
//
// Left is what could not be given to them; that is never an error. When the
// context ends, the next call does the pass again.
func (u Unit) Adopt(ctx context.Context, data string, users []int, limit time.Duration) (Left, error) {
	if err := u.makeData(data); err != nil {
		return Left{}, err
	}
	before := aclUsers(data, defaultACL)
	r := Readers{Group: u.Group, Users: append(slices.Clone(users), before...)}
	want := acl(7, 7, 0, r, 7)
	if hasACL(data, defaultACL, want) {
		return Left{}, nil
	}
	w := walk{readers: r}
	err := withoutPath(errors.Join(os.Chown(data, -1, u.Group), os.Chmod(data, fs.ModeSetgid|0o770)))
	if err == nil {
		err = putACL(data, accessACL, want)
	}
	if err != nil {
		w.leave(err)
	}
	if readOnly(err) {
		return w.left, nil
	}
	if err := w.run(ctx, data, limit); err != nil {
		return w.left, err
	}
	if err := putACL(data, defaultACL, want); err != nil && w.left.Path != "." { // last: it marks the pass as done
		w.leave(err)
	}
	return w.left, nil
}

// makeData makes the directory of the notebooks, below the unit's or elsewhere.
func (u Unit) makeData(data string) error {
	if err := u.Make(); err != nil {
		return err
	}
	if err := os.MkdirAll(data, 0o770); err != nil {
		return cannot("make", data, err)
	}
	return nil
}

// Reopen gives to the unit's group and the users what programs have closed to
// them since the directory was adopted, within the limit. That opens private
// files too: call it only when another user serves from now on.
func (u Unit) Reopen(ctx context.Context, data string, limit time.Duration) (Left, error) {
	w := walk{readers: Readers{Group: u.Group, Users: aclUsers(data, defaultACL)}, closed: true}
	err := w.run(ctx, data, limit)
	return w.left, err
}

// run walks a tree below its top.
func (w *walk) run(ctx context.Context, top string, limit time.Duration) error {
	dir, err := os.Open(top)
	if err != nil {
		return fmt.Errorf("cannot walk the notebooks: %v", err)
	}
	defer dir.Close()
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	w.inside(bounded, dir)
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("cannot walk the notebooks: %w", err)
	}
	return nil
}

// SecretUsers are the users that AdmitToSecret let in.
func (u Unit) SecretUsers(slot string) []int {
	return aclUsers(u.secret(slot), accessACL)
}

// AdmitToSecret lets users read the slot's secret, for servers that stepped
// down and gave the unit's group away.
func (u Unit) AdmitToSecret(slot string, users []int) error {
	dir, r := u.secret(slot), Readers{Group: u.Group, Users: users}
	return eachBelow(dir, func(name string) error {
		path := filepath.Join(dir, name)
		info, err := os.Lstat(path)
		if err != nil {
			return fmt.Errorf("cannot let users read %s: %v", path, err)
		}
		if info.IsDir() {
			return setACL(path, accessACL, acl(7, 5, 0, r, 5))
		}
		return setACL(path, accessACL, acl(4, 4, 0, r, 4))
	})
}

// ForgetUsers takes back what the users of a slot that goes were let in to: its
// secret, its run directories, and the folder of the notebooks, where those of
// the other slots stay. Below that folder nothing is changed: nobody comes there
// but through it. data is "" when there is none.
func (u Unit) ForgetUsers(slot, data string) error {
	gone, keep := u.SecretUsers(slot), u.otherUsers(slot)
	var errs []error
	if len(gone) > 0 {
		errs = append(errs, u.AdmitToSecret(slot, nil))
	}
	for _, name := range u.runNames() {
		if strings.HasPrefix(name, slot+"-") && len(aclUsers(u.RunDir(name), accessACL)) > 0 {
			errs = append(errs, u.AdmitToRun(name, nil))
		}
	}
	users := aclUsers(data, defaultACL)
	stay := slices.DeleteFunc(slices.Clone(users), func(id int) bool { return !slices.Contains(keep, id) })
	if len(stay) != len(users) {
		want := acl(7, 7, 0, Readers{Group: u.Group, Users: stay}, 7)
		errs = append(errs, setACL(data, accessACL, want), setACL(data, defaultACL, want))
	}
	return errors.Join(errs...)
}

// otherUsers are the users of all slots but one.
func (u Unit) otherUsers(slot string) (out []int) {
	slots, _ := filepath.Glob(u.Slot("*")) // its pattern is valid
	for _, dir := range slots {
		if dir != u.Slot(slot) {
			out = append(out, aclUsers(filepath.Join(dir, "secret"), accessACL)...)
		}
	}
	return out
}
