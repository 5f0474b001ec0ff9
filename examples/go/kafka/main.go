// A subscriber of Clearwater's bus. It keeps its place with the broker, as the offsets of its group, and goes on from there.
//
//	export KAFKA_BOOTSTRAP=… KAFKA_SECURITY=SASL_SSL KAFKA_CA_FILE=… KAFKA_USER=… KAFKA_PASSWORD=… KAFKA_TOPICS=…
//	go run . [--once]        --once: up to the last record, then end
package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding/spec"
	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

var (
	topics  = strings.Split(variable("KAFKA_TOPICS"), ",")
	group   = cmp.Or(os.Getenv("KAFKA_GROUP"), variable("KAFKA_USER")+".first")
	once    = len(os.Args) > 1 && os.Args[1] == "--once"
	headers = spec.WithPrefix("ce_").Version("1.0")
)

func main() {
	ctx := context.Background()
	client, err := kgo.NewClient(settings()...)
	must(err)
	defer client.Close()
	broker := kadm.NewClient(client)
	if refused := missing(ctx, broker); len(refused) > 0 {
		log.Fatal("not granted any more: ", refused)
	}
	for more := true; more; more = !once || !atEnd(ctx, broker) {
		waiting, cancel := context.WithTimeout(ctx, time.Second)
		fetches := client.PollFetches(waiting)
		cancel()
		for _, failed := range fetches.Errors() {
			if !errors.Is(failed.Err, context.DeadlineExceeded) {
				log.Fatal(failed.Topic, " ", failed.Err)
			}
		}
		fetches.EachRecord(apply)
		must(client.CommitUncommittedOffsets(ctx)) // after the effects: a crash repeats a part and leaves none out
		client.AllowRebalance()
	}
}

// missing: a client that may not read a topic may wait for it in silence, so compare first.
func missing(ctx context.Context, broker *kadm.Client) []string {
	seen, err := broker.ListTopics(ctx)
	must(err)
	return slices.DeleteFunc(slices.Clone(topics), seen.Has)
}

// apply comes once for each id: the same event may come twice. A tombstone has no data.
func apply(record *kgo.Record) {
	read := event.Event{Context: headers.NewContext(), DataEncoded: record.Value}
	for _, header := range record.Headers {
		if header.Key == "content-type" {
			must(read.Context.SetDataContentType(string(header.Value)))
		} else {
			must(headers.SetAttribute(read.Context, header.Key, string(header.Value)))
		}
	}
	must(read.Validate())
	fmt.Println("event", read.Extensions()["sequence"], read.Type(), read.Subject(), read.ID(), len(read.Data()))
}

func settings() []kgo.Opt {
	login := scram.Auth{User: variable("KAFKA_USER"), Pass: variable("KAFKA_PASSWORD")}
	found := []kgo.Opt{
		kgo.SeedBrokers(strings.Split(variable("KAFKA_BOOTSTRAP"), ",")...),
		kgo.SASL(login.AsSha512Mechanism()),
		kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(topics...),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
	}
	if os.Getenv("KAFKA_SECURITY") == "SASL_SSL" {
		found = append(found, kgo.DialTLSConfig(&tls.Config{RootCAs: authority()}))
	}
	return found
}

// authority is the given file alone; nil: those that the machine knows.
func authority() *x509.CertPool {
	file := os.Getenv("KAFKA_CA_FILE")
	if file == "" {
		return nil
	}
	written, err := os.ReadFile(file)
	must(err)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(written) {
		log.Fatal("no certificate in ", file)
	}
	return pool
}

// atEnd: the group has read every record that there is now.
func atEnd(ctx context.Context, broker *kadm.Client) bool {
	ends, err := broker.ListEndOffsets(ctx, topics...)
	must(err)
	must(ends.Error())
	read, err := broker.FetchOffsets(ctx, group)
	must(err)
	reached := true
	ends.Each(func(end kadm.ListedOffset) {
		place, _ := read.Lookup(end.Topic, end.Partition)
		reached = reached && place.At >= end.Offset
	})
	return reached
}

func variable(name string) string {
	value := os.Getenv(name)
	if value == "" {
		log.Fatal(name, " is not set")
	}
	return value
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
