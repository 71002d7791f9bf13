package live

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"github.com/afloat-go/afloat/examples/shop/system"
	"github.com/afloat-go/afloat/interceptors/admin"
	"github.com/afloat-go/afloat/interceptors/admin/page"
	"github.com/afloat-go/afloat/interceptors/rules/config"
)

//go:embed static
var files embed.FS

// refresh is how old what the page shows may be.
const refresh = 250 * time.Millisecond

// maxWatchers bounds the streams of states at one time.
const maxWatchers = 16

// maxRequest bounds what is read of a request, in bytes.
const maxRequest = 1 << 10

// handler serves the page at the given host, and nobody who comes by another name: a
// page from elsewhere can make a browser look this machine up under a name of its own.
func handler(host string, v *view, metrics, guard http.Handler) http.Handler {
	static, err := fs.Sub(files, "static")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(static))
	mux.Handle("GET /events", &stream{look: v.look, room: make(chan struct{}, maxWatchers)})
	mux.Handle("GET /metrics", metrics)
	mux.Handle("GET /guard/", http.StripPrefix("/guard", guard))
	mux.Handle("POST /guard/", http.StripPrefix("/guard", guard))
	mux.HandleFunc("POST /backends/{name}", func(w http.ResponseWriter, r *http.Request) { become(w, r, v.system) })
	mux.HandleFunc("POST /visitors", func(w http.ResponseWriter, r *http.Request) { come(w, r, v.visitors) })
	sameOrigin := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != host && r.Host+":80" != host { // browsers leave out the port of http
			http.Error(w, fmt.Sprintf("live: host = %q; must be %s", r.Host, host), http.StatusMisdirectedRequest)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		sameOrigin.ServeHTTP(w, r)
	})
}

// guardPage returns the page of the dashboard's guard. Whoever has come here may change it:
// only this machine can, and by the name of the page alone.
func guardPage(rules *config.Set) (http.Handler, error) {
	service, err := admin.New(rules)
	if err != nil {
		return nil, err
	}
	return page.New(service, page.WithTitle("The dashboard's guard"),
		page.WithAuthoriser(func(*http.Request) (string, error) { return "the visitor of the page", nil }))
}

// become makes a backend sick, or well.
func become(w http.ResponseWriter, r *http.Request, sys *system.System) {
	backend := sys.Backend(r.PathValue("name"))
	if backend == nil {
		http.Error(w, fmt.Sprintf("live: backend = %q; must be one of the page", r.PathValue("name")), http.StatusNotFound)
		return
	}
	var asked struct {
		Sickness string `json:"sickness"`
	}
	if !decode(w, r, &asked, `{"sickness": "hanging"}`) {
		return
	}
	sickness, err := system.SicknessOf(asked.Sickness)
	if err == nil {
		err = backend.Become(sickness)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, "{\"sickness\": %q}\n", sickness)
}

// come lets more visitors come, or fewer.
func come(w http.ResponseWriter, r *http.Request, visitors *visitors) {
	var asked struct {
		Times int64 `json:"times"`
	}
	if !decode(w, r, &asked, `{"times": 4}`) {
		return
	}
	if err := visitors.crowd(asked.Times); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, "{\"times\": %d}\n", asked.Times)
}

// decode reads a request into asked, or answers that it must be like another.
func decode(w http.ResponseWriter, r *http.Request, asked any, like string) bool {
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	body.DisallowUnknownFields()
	if err := body.Decode(asked); err != nil {
		http.Error(w, fmt.Sprintf("live: body: %v; must be like %s", err, like), http.StatusBadRequest)
		return false
	}
	return true
}
