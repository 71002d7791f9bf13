// Command hello shows what afloat does. It makes pages of a greeting and of the weather, for
// which it asks a server over a guarded connection. With -hang the server never answers.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	pb "github.com/afloat-go/afloat/examples/hello/proto/hello/v1"
	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/fanout"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// weather is the server's service.
type weather struct {
	pb.UnimplementedWeatherServiceServer
	hang bool
}

// GetWeather answers at once, or hangs until the caller gives up.
func (w weather) GetWeather(ctx context.Context, _ *pb.GetWeatherRequest) (*pb.GetWeatherResponse, error) {
	if w.hang {
		<-ctx.Done()
	}
	return &pb.GetWeatherResponse{Weather: "It is sunny."}, ctx.Err()
}

// dial guards calls for the weather: each ends after 300 ms, and three failures in a row open a circuit.
func dial(target string) (*grpc.ClientConn, error) {
	guard, err := interceptors.NewRules([]rules.Rule{{Match: "/hello.v1.WeatherService/*", Policies: []rules.Template{
		timeout.Each(timeout.Config{Max: 300 * time.Millisecond}),
		breaker.Each(breaker.Config{ConsecutiveFailures: 3}),
	}}})
	if err != nil {
		return nil, err
	}
	return grpc.NewClient(target, append(interceptors.DialOptions(guard), grpc.WithTransportCredentials(insecure.NewCredentials()))...)
}

// newPlan makes a page for a name of a greeting and, if that is there in time, the weather.
func newPlan(cc grpc.ClientConnInterface) (*fanout.Plan[string, *pb.Page], error) {
	greet := func(_ context.Context, name string) (string, error) { return "Hello, " + name + "!", nil }
	ask := fanout.RPC(pb.NewWeatherServiceClient(cc).GetWeather, func(string) *pb.GetWeatherRequest { return &pb.GetWeatherRequest{} })
	return fanout.NewPlan("hello",
		fanout.Required("greeting", greet, func(p *pb.Page, greeting string) { p.Greeting = greeting }),
		fanout.Optional("weather", ask, func(p *pb.Page, r *pb.GetWeatherResponse) { p.Weather = r.GetWeather() }))
}

// run serves the weather on loopback, and writes five pages to out.
func run(ctx context.Context, hang bool, out io.Writer) error {
	lis, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	pb.RegisterWeatherServiceServer(server, weather{hang: hang})
	go func() { _ = server.Serve(lis) }()
	defer server.Stop()
	cc, err := dial(lis.Addr().String())
	if err != nil {
		return err
	}
	defer cc.Close()
	plan, err := newPlan(cc)
	if err != nil {
		return err
	}
	for range 5 {
		page, begin := &pb.Page{}, time.Now()
		report, err := plan.Gather(ctx, "gopher", page)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "after %3d ms: %s %s [%v]\n", time.Since(begin).Milliseconds(), page.GetGreeting(), page.GetWeather(), report)
	}
	if hang {
		fmt.Fprintln(out, "circuit_open: the weather failed three times, so its circuit is open and refuses calls at once.")
	}
	return nil
}

func main() {
	hang := flag.Bool("hang", false, "let the server hang")
	flag.Parse()
	if err := run(context.Background(), *hang, os.Stdout); err != nil {
		log.Fatal(err)
	}
}
