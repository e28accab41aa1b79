package gateway

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// reloadSeconds is when the page below asks again, and Retry-After.
const reloadSeconds = 3

const page = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="%d">
<meta name="viewport" content="width=device-width"><title>%s</title>
<style>body{font:16px/1.5 sans-serif;max-width:34em;margin:15vh auto;padding:0 1em;color:#333}</style></head>
<body><h1>%s</h1><p>%s</p><p>This page asks again every %d seconds.</p></body></html>
`

// unavailable answers in the notebook's place: a page that reloads itself, or
// JSON in the form of Jupyter's own errors for a program that asks for JSON.
func unavailable(w http.ResponseWriter, r *http.Request, code int) {
	title, text := "The notebook is not running", "It is being started or replaced, or waits for its operator. What was saved is safe."
	if code == http.StatusBadGateway {
		title, text = "The notebook broke off", "It ended the connection before it had answered. What was asked may or may not have been done."
	}
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Retry-After", strconv.Itoa(reloadSeconds))
	header.Set("X-Content-Type-Options", "nosniff")
	if wantsJSON(r) {
		header.Set("Content-Type", "application/json")
		w.WriteHeader(code)
		fmt.Fprintf(w, "{\"message\": %q, \"reason\": null}\n", title+". "+text)
		return
	}
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.WriteHeader(code)
	fmt.Fprintf(w, page, reloadSeconds, title, title, text, reloadSeconds)
}

func wantsJSON(r *http.Request) bool {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	return strings.Contains(accept, "json") && !strings.Contains(accept, "text/html")
}
