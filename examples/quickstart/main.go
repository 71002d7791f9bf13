// Command quickstart calls a server that is not there, with a guard.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
)

func main() {
	guard, err := interceptors.Default()
	if err != nil {
		log.Fatal(err)
	}
	conn, err := grpc.NewClient("127.0.0.1:1", append(interceptors.DialOptions(guard),
		grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for ctx.Err() == nil { // with a generated client: users.GetUser(ctx, req)
		err := conn.Invoke(ctx, "/shop.v1.Users/GetUser", &emptypb.Empty{}, &emptypb.Empty{})
		fmt.Println(err)
		if errors.Is(err, breaker.ErrOpen) {
			return // refused at once, without asking
		}
	}
}
