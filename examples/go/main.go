// A subscriber of Clearwater's feed: snapshot, then delta. It keeps its place in a file and goes on from there.
//
//	export CLEARWATER_URL=… CLEARWATER_TOKEN_URL=… CLEARWATER_CLIENT=… CLEARWATER_SECRET=… CLEARWATER_DISTRICT=440303
//	go run . [--once]        --once: up to the last event, then end
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
)

type place struct{ Cursor, Filter string }

var (
	base  = os.Getenv("CLEARWATER_URL") + "/api/reporting/v1/districts/" + os.Getenv("CLEARWATER_DISTRICT")
	file  = "subscriber.json"
	once  = len(os.Args) > 1 && os.Args[1] == "--once"
	token string
)

func main() {
	if given := os.Getenv("CLEARWATER_STATE"); given != "" {
		file = given
	}
	var at place
	if kept, err := os.ReadFile(file); err == nil {
		must(json.Unmarshal(kept, &at))
	} else {
		at = begin()
	}
	for more := true; more; {
		if at, more = step(at); more {
			keep(at)
		}
	}
}

// step takes one part of the feed. It returns where to go on, and whether to.
func step(at place) (place, bool) {
	query := url.Values{"limit": {"500"}, "wait": {"25"}}
	if once {
		query.Set("wait", "0")
	}
	if at.Cursor != "" {
		query.Set("after", at.Cursor)
	}
	status, header, body := get("feed?" + query.Encode())
	next := place{header.Get("Clearwater-Cursor"), header.Get("Clearwater-Filter")}
	switch {
	case status == http.StatusGone: // the log has begun a new epoch
		return begin(), true
	case status != http.StatusOK:
		log.Fatalf("%d %s", status, body)
	case at.Filter != "" && next.Filter != at.Filter: // our grants have changed
		return begin(), true
	}
	var events []event.Event
	must(json.Unmarshal(body, &events))
	for _, each := range events {
		fmt.Println("event", each.Extensions()["lognumber"], each.Type(), each.Subject(), each.ID())
	}
	return next, !once || next.Cursor != at.Cursor
}

// begin takes the state of all units now. Without a whole fact in our grants there is none: then from the first event.
func begin() place {
	status, _, body := get("snapshot")
	if status == http.StatusForbidden && bytes.Contains(body, []byte(`"snapshot-empty"`)) {
		return place{}
	}
	if status != http.StatusOK {
		log.Fatalf("%d %s", status, body)
	}
	lines := strings.Split(strings.TrimRight(string(body), "\n"), "\n")
	var at place
	var tail struct{ Count *int }
	must(json.Unmarshal([]byte(lines[0]), &at))
	must(json.Unmarshal([]byte(lines[len(lines)-1]), &tail))
	if tail.Count == nil || *tail.Count != len(lines)-2 {
		log.Fatal("the snapshot was cut off")
	}
	for _, line := range lines[1 : len(lines)-1] {
		var unit struct {
			ID string `json:"unit_id"`
		}
		must(json.Unmarshal([]byte(line), &unit))
		fmt.Println("unit", unit.ID)
	}
	keep(at)
	return at
}

// keep comes after the effects of a part, so that a crash repeats a part and never leaves one out: apply events by their id.
func keep(at place) {
	written, _ := json.Marshal(at)
	must(os.WriteFile(file+".new", written, 0o600))
	must(os.Rename(file+".new", file))
}

// get takes a new token after 401, and is patient while the service is busy or away.
func get(path string) (int, http.Header, []byte) {
	for {
		request, err := http.NewRequest(http.MethodGet, base+"/"+path, nil)
		must(err)
		request.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			time.Sleep(5 * time.Second)
			continue
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		switch {
		case answer.StatusCode == http.StatusUnauthorized:
			token = newToken()
		case err != nil || answer.StatusCode == 429 || answer.StatusCode >= 502 && answer.StatusCode <= 504:
			seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
			time.Sleep(time.Duration(max(seconds, 1)) * time.Second)
		default:
			return answer.StatusCode, answer.Header, body
		}
	}
}

func newToken() string {
	form := strings.NewReader("grant_type=client_credentials")
	request, err := http.NewRequest(http.MethodPost, os.Getenv("CLEARWATER_TOKEN_URL"), form)
	must(err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(os.Getenv("CLEARWATER_CLIENT"), os.Getenv("CLEARWATER_SECRET"))
	answer, err := http.DefaultClient.Do(request)
	must(err)
	defer answer.Body.Close()
	var given struct {
		Token string `json:"access_token"`
	}
	must(json.NewDecoder(answer.Body).Decode(&given))
	if given.Token == "" {
		log.Fatalf("no token: %d", answer.StatusCode)
	}
	return given.Token
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
