package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	adminv1 "github.com/afloat-go/afloat/proto/afloat/admin/v1"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// Where the address and the token are taken from if no flag has them.
const (
	addrVariable  = "AFLOAT_ADDR"
	tokenVariable = "AFLOAT_TOKEN"
)

// defaultPatience is how long a command waits for an answer.
const defaultPatience = 10 * time.Second

// remote is a command that speaks to the admin service of a process.
type remote struct {
	command string
	std     stdio
	names   []string // besides the flags

	addr, ca, token string
	secure, json    bool
	patience        time.Duration
	target, kind    string
	side            policyv1.Side
}

// addFlags adds those of all such commands.
func (r *remote) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&r.addr, "addr", os.Getenv(addrVariable), "where the admin service is, as in localhost:9090 (default $"+addrVariable+")")
	flags.BoolVar(&r.secure, "tls", false, "speak TLS")
	flags.StringVar(&r.ca, "ca", "", "a file with the certificates to trust in place of the system's; implies -tls")
	flags.BoolVar(&r.json, "json", false, "print JSON")
	flags.DurationVar(&r.patience, "timeout", defaultPatience, "how long to wait for an answer")
	flags.StringVar(&r.target, "target", "", "the target of a client's connection")
	flags.StringVar(&r.kind, "kind", "", "the kind of policies, such as breaker or bulkhead")
	flags.Func("side", "where calls are seen: client, server or local", func(s string) (err error) {
		r.side, err = sideOf(s)
		return err
	})
}

// sideOf reads a side.
func sideOf(s string) (policyv1.Side, error) {
	side, ok := policyv1.Side_value["SIDE_"+strings.ToUpper(s)]
	if !ok || side == 0 {
		return 0, fmt.Errorf("%q; must be client, server or local", s)
	}
	return policyv1.Side(side), nil
}

// parse reads the command line, with more flags if there are any. Names may stand between
// flags. If it is not ok, the program ends with exit.
func (r *remote) parse(args []string, what string, more func(*flag.FlagSet)) (exit int, ok bool) {
	flags := flag.NewFlagSet(r.command, flag.ContinueOnError)
	flags.SetOutput(r.std.complaints)
	flags.Usage = func() {
		fmt.Fprintf(r.std.complaints, "usage: afloat %s %s\n", r.command, what)
		flags.PrintDefaults()
	}
	r.addFlags(flags)
	if more != nil {
		more(flags)
	}
	for ok := true; ok; r.names, args, ok = next(r.names, flags.Args()) {
		switch err := flags.Parse(args); {
		case errors.Is(err, flag.ErrHelp):
			return exitGood, false
		case err != nil:
			return exitFailed, false // it has been told
		}
	}
	r.token = os.Getenv(tokenVariable)
	switch {
	case r.addr == "":
		return failed(r.std, fmt.Errorf("flag -addr = \"\"; must be an address, or %s must be set", addrVariable)), false
	case r.patience <= 0:
		return failed(r.std, fmt.Errorf("flag -timeout = %v; must be more than 0s", r.patience)), false
	}
	return exitGood, true
}

// do runs what speaks to the service, and tells what went wrong. Without patience it takes
// as long as it takes.
func (r *remote) do(ctx context.Context, what func(context.Context, adminv1.AdminServiceClient) (int, error)) int {
	options, err := r.dialOptions()
	if err != nil {
		return failed(r.std, err)
	}
	cc, err := grpc.NewClient(r.addr, options...)
	if err != nil {
		return failed(r.std, fmt.Errorf("flag -addr = %q; %w", r.addr, err))
	}
	defer cc.Close()
	if r.token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+r.token)
	}
	exit, err := what(ctx, adminv1.NewAdminServiceClient(cc))
	if err != nil {
		return r.complain(err)
	}
	return exit
}

// briefly does what do does, within the patience.
func (r *remote) briefly(what func(context.Context, adminv1.AdminServiceClient) (int, error)) int {
	ctx, cancel := context.WithTimeout(context.Background(), r.patience)
	defer cancel()
	return r.do(ctx, what)
}

// complain tells why a call failed. What was refused, or is wrong, is not what cannot be
// done.
func (r *remote) complain(err error) int {
	s, _ := status.FromError(err)
	fmt.Fprintf(r.std.complaints, "%s: %s\n", shown(r.addr), shownLines(s.Message()))
	switch s.Code() {
	case codes.InvalidArgument, codes.NotFound, codes.PermissionDenied, codes.Unauthenticated, codes.ResourceExhausted:
		return exitWrong
	default:
		return exitFailed
	}
}

// dialOptions returns how to connect. A token is sent to this machine or by TLS only.
func (r *remote) dialOptions() ([]grpc.DialOption, error) {
	secured := insecure.NewCredentials()
	switch {
	case r.ca != "":
		pem, err := os.ReadFile(r.ca)
		if err != nil {
			return nil, fmt.Errorf("flag -ca: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("flag -ca = %q; must be a file with certificates in PEM", r.ca)
		}
		secured = credentials.NewTLS(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})
	case r.secure:
		secured = credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})
	case r.token != "" && !isHere(r.addr):
		return nil, fmt.Errorf("%s is set; must be sent by -tls, unless the service is on this machine", tokenVariable)
	}
	const most = 16 << 20 // a page is at most one
	return []grpc.DialOption{grpc.WithTransportCredentials(secured), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(most))}, nil
}

// isHere reports whether an address is of this machine.
func isHere(addr string) bool {
	if strings.HasPrefix(addr, "unix:") {
		return true
	}
	host, _, err := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// print prints a message as JSON.
func (r *remote) print(m proto.Message) error {
	data, err := protojson.MarshalOptions{Multiline: true}.Marshal(m)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(r.std.out, "%s\n", data)
	return err
}

// filter returns the filter of the flags and of the names, of which there may be one.
func (r *remote) filter() (*adminv1.Filter, error) {
	if len(r.names) > 1 {
		return nil, fmt.Errorf("%d texts to look for; must be one at most", len(r.names))
	}
	text := cmp.Or(append(r.names, r.target)...)
	if len(r.names) > 0 && r.target != "" {
		return nil, fmt.Errorf("flag -target = %q; must be left out beside a text to look for, which may be of a target", r.target)
	}
	return &adminv1.Filter{Text: text, Kind: r.kind, Side: r.side}, nil
}

// shown returns a text as one line that drives no terminal.
func shown(s string) string {
	quoted := strconv.QuoteToGraphic(s)
	plain := quoted[1 : len(quoted)-1]
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(plain)
}

// shownLines does what shown does, and leaves the lines.
func shownLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = shown(line)
	}
	return strings.Join(lines, "\n")
}
