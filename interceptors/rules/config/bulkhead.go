package config

import (
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/rules"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// bulkheadRow returns the row of bulkheads.
func bulkheadRow() kind {
	return row[*policyv1.Bulkhead, bulkhead.Config, *bulkhead.Bulkhead, bulkhead.Snapshot]{
		field: "bulkhead", each: eachBulkhead, told: bulkheadMessage,
		config: (*bulkhead.Bulkhead).Config, snapshot: (*bulkhead.Bulkhead).Snapshot, status: bulkheadStatus,
	}
}

// eachBulkhead returns the template of a message.
func eachBulkhead(m *policyv1.Bulkhead) rules.Template {
	return bulkhead.Each(bulkhead.Config{
		MaxConcurrent: int(m.GetMaxConcurrent()),
		MaxQueue:      int(m.GetMaxQueue()),
		MaxWait:       m.GetMaxWait().AsDuration(),
		MaxStreams:    int(m.GetMaxStreams()),
		Shadow:        m.GetShadow(),
	})
}

// bulkheadMessage returns the message of a configuration.
func bulkheadMessage(cfg bulkhead.Config) *policyv1.Bulkhead {
	return &policyv1.Bulkhead{
		MaxConcurrent: int32Of(cfg.MaxConcurrent),
		MaxQueue:      int32Of(cfg.MaxQueue),
		MaxWait:       lastingFor(cfg.MaxWait),
		MaxStreams:    int32Of(cfg.MaxStreams),
		Shadow:        cfg.Shadow,
	}
}

// bulkheadStatus returns the message of a bulkhead at one moment.
func bulkheadStatus(cfg bulkhead.Config, s bulkhead.Snapshot) proto.Message {
	return &policyv1.BulkheadStatus{
		Config:    bulkheadMessage(cfg),
		InFlight:  int32Of(s.InFlight),
		Waiting:   int32Of(s.Waiting),
		Streams:   int32Of(s.Streams),
		Rejected:  s.Rejected,
		Cancelled: s.Cancelled,
	}
}
