package migration

import (
	"context"

	"github.com/afex/hystrix-go/hystrix"

	pb "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

func configureHystrix() {
	hystrix.ConfigureCommand("get_profile", hystrix.CommandConfig{
		Timeout:                1000, // milliseconds
		MaxConcurrentRequests:  10,
		RequestVolumeThreshold: 20,
		ErrorPercentThreshold:  50,
		SleepWindow:            5000, // milliseconds
	})
}

func profileWithHystrix(ctx context.Context, client pb.TierServiceClient, id string) (*pb.GetProfileResponse, error) {
	answers := make(chan *pb.GetProfileResponse, 2) // the call may still answer after the fallback
	err := hystrix.DoC(ctx, "get_profile", func(ctx context.Context) error {
		profile, err := client.GetProfile(ctx, &pb.GetProfileRequest{Id: id})
		if err == nil {
			answers <- profile
		}
		return err
	}, func(context.Context, error) error {
		answers <- &pb.GetProfileResponse{Name: "anonymous"}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return <-answers, nil
}
