package page

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/admin"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	adminv1 "github.com/afloat-go/afloat/proto/afloat/admin/v1"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

//go:embed static
var files embed.FS

// maxRequest bounds what is read of a change, in bytes.
const maxRequest = 32 << 10

// tokenHeader has the token of the page in changes.
const tokenHeader = "X-Afloat-Token" //nolint:gosec // a name

// Authoriser decides whether a change may be made, and says who makes it: by the session, by
// the certificate, by what a proxy in front has put into the request. An error refuses the
// change with status 403. It must be safe for concurrent use, and must not read the body.
type Authoriser func(request *http.Request) (author string, err error)

// Option changes what [New] makes.
type Option interface{ apply(*page) }

type optionFunc func(*page)

func (f optionFunc) apply(p *page) { f(p) }

// WithAuthoriser lets those change the guard whom a authorises. The author is shown beside
// what was changed. Default, and if a is nil: nobody, and the page offers no changes.
func WithAuthoriser(a Authoriser) Option { return optionFunc(func(p *page) { p.authoriser = a }) }

// WithHosts serves only those who come by one of these names, with the port if it is not the
// usual one, as in "127.0.0.1:8081". A page from elsewhere can make a browser look this
// process up under a name of its own; so name the hosts wherever the authoriser goes by where
// a request comes from. Default: any name.
func WithHosts(hosts ...string) Option {
	return optionFunc(func(p *page) { p.hosts = append(p.hosts, hosts...) })
}

// WithTitle sets what the page is called. Default: "afloat".
func WithTitle(title string) Option { return optionFunc(func(p *page) { p.Title = title }) }

// page serves the page of one service.
type page struct {
	service    *admin.Service
	authoriser Authoriser
	hosts      []string
	history    history
	mux        http.Handler
	index      *template.Template

	// Title, Token and MayChange are for the template.
	Title, Token string
	MayChange    bool
}

// New returns the page of a service, or all that is wrong with the arguments. It may be mounted
// at any path that ends with a slash, by http.StripPrefix.
func New(service *admin.Service, opts ...Option) (http.Handler, error) {
	f := validate.Of("page")
	f.Require(service != nil, "service", "nil", "one by admin.New")
	if err := errors.Join(f.Err(), validate.Options("page", opts)); err != nil {
		return nil, err
	}
	p := &page{service: service, Title: "afloat", Token: rand.Text(), history: history{service: service}}
	for _, o := range opts {
		o.apply(p)
	}
	p.MayChange = p.authoriser != nil
	static, err := fs.Sub(files, "static")
	if err != nil {
		return nil, err // unreachable: the folder is part of the program
	}
	if p.index, err = template.ParseFS(static, "index.html"); err != nil {
		return nil, err // unreachable as well
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.serveIndex)
	for _, name := range []string{"page.css", "page.js", "icon.svg"} {
		mux.Handle("GET /"+name, http.FileServerFS(static))
	}
	mux.HandleFunc("GET /snapshot", p.serveSnapshot)
	mux.HandleFunc("GET /explain", p.serveExplain)
	mux.HandleFunc("POST /override", p.serveOverride)
	p.mux = http.NewCrossOriginProtection().Handler(mux)
	return p, nil
}

// ServeHTTP implements [http.Handler].
func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if len(p.hosts) > 0 && !slices.Contains(p.hosts, r.Host) {
		http.Error(w, fmt.Sprintf("page: host = %q; must be one of those by WithHosts", r.Host), http.StatusMisdirectedRequest)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	p.mux.ServeHTTP(w, r)
}

// serveIndex serves the page itself, with its token.
func (p *page) serveIndex(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_ = p.index.Execute(w, p) // whoever has gone need not be told
}

// serveSnapshot serves a page of what is in force, and the history.
func (p *page) serveSnapshot(w http.ResponseWriter, r *http.Request) {
	request, err := snapshotRequest(r)
	if err != nil {
		tellError(w, err)
		return
	}
	m, err := p.service.Snapshot(r.Context(), request)
	if err != nil {
		tellError(w, err)
		return
	}
	snapshot, err := protojson.Marshal(m)
	if err != nil {
		tellError(w, err)
		return
	}
	tell(w, struct {
		Snapshot json.RawMessage `json:"snapshot"`
		History  []sample        `json:"history,omitempty"`
	}{snapshot, p.history.samples(r.Context(), m.GetTotals())})
}

// serveExplain serves what would become of a call.
func (p *page) serveExplain(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	m, err := p.service.Explain(r.Context(), &adminv1.ExplainRequest{
		Method: q.Get("method"), Target: q.Get("target"), Side: policyv1.Side(policyv1.Side_value[q.Get("side")]),
	})
	tellMessage(w, m, err)
}

// serveOverride makes a change, or tells what it would change.
func (p *page) serveOverride(w http.ResponseWriter, r *http.Request) {
	if subtle.ConstantTimeCompare([]byte(r.Header.Get(tokenHeader)), []byte(p.Token)) != 1 {
		tellError(w, status.Error(codes.PermissionDenied, "page: the token is not that of this page; load it again"))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	request := new(adminv1.OverrideRequest)
	if err == nil {
		err = protojson.Unmarshal(body, request)
	}
	if err != nil {
		tellError(w, status.Error(codes.InvalidArgument, "page: body: "+err.Error()))
		return
	}
	var authoriser admin.Authoriser
	if p.authoriser != nil {
		authoriser = func(context.Context, *adminv1.OverrideRequest) (string, error) { return p.authoriser(r) }
	}
	m, err := p.service.OverrideAs(r.Context(), request, authoriser)
	tellMessage(w, m, err)
}

// snapshotRequest reads the query of a snapshot.
func snapshotRequest(r *http.Request) (*adminv1.SnapshotRequest, error) {
	q := r.URL.Query()
	m := &adminv1.SnapshotRequest{
		PageToken: q.Get("page_token"), WithoutPolicies: q.Has("without_policies"), WithoutRules: q.Has("without_rules"),
		Filter: &adminv1.Filter{
			Text: q.Get("text"), Kind: q.Get("kind"), Side: policyv1.Side(policyv1.Side_value[q.Get("side")]), Overridden: q.Has("overridden"),
		},
	}
	for name, to := range map[string]*int32{"page_size": &m.PageSize, "events": &m.Events} {
		if !q.Has(name) {
			continue
		}
		n, err := strconv.ParseInt(q.Get(name), 10, 32)
		if err != nil {
			return nil, status.Error(codes.InvalidArgument, fmt.Sprintf("page: %s = %.32q; must be a number", name, q.Get(name)))
		}
		*to = int32(n)
	}
	for _, s := range q["state"] {
		state, ok := policyv1.BreakerStatus_State_value[s]
		if !ok {
			return nil, status.Error(codes.InvalidArgument, fmt.Sprintf("page: state = %.32q; must be one of a snapshot", s))
		}
		m.Filter.States = append(m.Filter.States, policyv1.BreakerStatus_State(state))
	}
	return m, nil
}

// tell writes an answer as JSON.
func tell(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(answer) // whoever has gone need not be told
}

// tellMessage writes a message, or an error.
func tellMessage(w http.ResponseWriter, m proto.Message, err error) {
	if err == nil {
		var data []byte
		if data, err = protojson.Marshal(m); err == nil {
			tell(w, json.RawMessage(data))
			return
		}
	}
	tellError(w, err)
}

// tellError writes why there is no answer.
func tellError(w http.ResponseWriter, err error) {
	s, _ := status.FromError(err)
	code, ok := map[codes.Code]int{
		codes.InvalidArgument: http.StatusBadRequest, codes.NotFound: http.StatusNotFound, codes.PermissionDenied: http.StatusForbidden,
		codes.Unauthenticated: http.StatusUnauthorized, codes.ResourceExhausted: http.StatusTooManyRequests,
	}[s.Code()]
	if !ok {
		code = http.StatusInternalServerError
	}
	http.Error(w, strings.ToValidUTF8(s.Message(), "\uFFFD"), code)
}
