package dockertest

import (
	"net/http"
	"slices"
	"strings"
)

// image finds an image by its id or one of its tags.
func (d *Daemon) image(name string) *Image {
	for _, i := range d.images {
		if i.ID == name || slices.Contains(i.Tags, name) {
			return i
		}
	}
	return nil
}

// onImage answers for images. A reference is in the path as it is written.
func (d *Daemon) onImage(kind string, r *http.Request) Answer {
	d.mu.Lock()
	defer d.mu.Unlock()
	name := strings.TrimPrefix(callOf(r), r.Method+" /images/")
	switch kind {
	case "GET /images/json":
		return d.listImages(r)
	case "POST /images/create":
		return d.pull(r)
	}
	name = strings.TrimSuffix(strings.TrimSuffix(name, "/json"), "/tag")
	i := d.image(name)
	if i == nil {
		return Refuses(404, "no such image: "+name)
	}
	switch kind {
	case "GET /images/{name}/json":
		return i.inspect()
	case "POST /images/{name}/tag":
		q := r.URL.Query()
		d.tag(i, q.Get("repo")+":"+q.Get("tag"))
		return Says(201, nil)
	case "DELETE /images/{name}":
		i.Tags = slices.DeleteFunc(i.Tags, func(tag string) bool { return tag == name })
		if len(i.Tags) == 0 {
			d.images = slices.DeleteFunc(d.images, func(other *Image) bool { return other == i })
		}
		return Says(200, []Object{})
	}
	return Refuses(404, "page not found: "+kind)
}

// inspect is what the engine says of an image. Of what is none it shows an empty
// configuration, and no layer.
func (i *Image) inspect() Answer {
	if i.Not != "" {
		return Says(200, Object{"Id": i.ID, "RepoTags": i.Tags, "Config": Object{}, "RootFS": Object{"Type": ""},
			"Descriptor": Object{"mediaType": i.Not, "digest": i.ID}})
	}
	files := i.Files
	if files == "" {
		files = i.ID
	}
	return Says(200, Object{"Id": i.ID, "Os": "linux", "Architecture": "amd64", "RepoTags": i.Tags, "Config": i.Config,
		"RootFS": Object{"Type": "layers", "Layers": []string{files}}})
}

// tag gives an image a name, which no other has then.
func (d *Daemon) tag(i *Image, name string) {
	name = strings.TrimPrefix(strings.TrimPrefix(name, "docker.io/"), "library/") // as people write it
	for _, other := range d.images {
		other.Tags = slices.DeleteFunc(other.Tags, func(tag string) bool { return tag == name })
	}
	i.Tags = append(i.Tags, name)
}

func (d *Daemon) listImages(r *http.Request) Answer {
	wanted, out := filters(r), []Object{}
	for _, i := range d.images {
		tags := slices.DeleteFunc(slices.Clone(i.Tags), func(tag string) bool {
			repository, _, _ := strings.Cut(tag, ":")
			return len(wanted["reference"]) > 0 && !slices.Contains(wanted["reference"], repository)
		})
		if len(tags) > 0 && has(i.Config.Labels, wanted["label"]) {
			out = append(out, Object{"Id": i.ID, "RepoTags": tags})
		}
	}
	return Says(200, out)
}

// pull pulls an image that any registry has, or imports one.
func (d *Daemon) pull(r *http.Request) Answer {
	q := r.URL.Query()
	name := q.Get("repo") // of an import
	if name == "" {
		name = strings.TrimPrefix(q.Get("fromImage"), "docker.io/library/")
	}
	if tag := q.Get("tag"); tag != "" {
		name += ":" + tag
	}
	if now := d.Registry[name]; now != nil {
		if d.image(now.ID) == nil {
			d.images = append(d.images, now)
		}
		d.tag(d.image(now.ID), name)
	} else if d.image(name) == nil {
		d.images = append(d.images, &Image{ID: "sha256:" + d.id(), Tags: []string{name}, Config: d.Pulls})
	}
	said := `{"status":"Pulling","id":"1"}` + "\n"
	if now := d.Registry[name]; now != nil && now.Not != "" && !strings.HasPrefix(now.Not, "application/vnd.oci.image.") {
		said += `{"errorDetail":{"message":"failed to unpack"},"error":"failed to unpack"}` + "\n" // its name stays
	}
	return func(*http.Request) (*http.Response, error) { return Body(200, strings.NewReader(said)), nil }
}
