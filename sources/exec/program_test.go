//go:build unix

package exec

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary be the programs that the tests run.
func TestMain(m *testing.M) {
	if part := os.Getenv("ADTOP_TEST_PROGRAM"); part != "" {
		programs[part]()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// programs are what a user may have written, well or badly.
var programs = map[string]func(){
	"rows": func() {
		fmt.Printf(`{"date":"%s","campaign_id":"7","campaign":"Spring","clicks":12,"cost":"12.34","conversions":1.5,"revenue":40}`+"\n", os.Getenv("ADTOP_FROM"))
		fmt.Printf(`{"date":"%s","campaign_id":7,"campaign":"Spring","cost":1}`+"\n", os.Getenv("ADTOP_TO"))
		fmt.Println(`{"complete_through":"2026-11-20T10:00:00Z"}`)
	},
	"last line without end": func() { fmt.Printf(`{"date":"%s","campaign":"a","cost":1}`, os.Getenv("ADTOP_FROM")) },
	"nothing":               func() {},
	"garbage": func() {
		row(1)
		fmt.Println("Segmentation fault\x1b[31m")
	},
	"misspelt": func() { fmt.Println(`{"date":"2026-11-19","campaign":"a","costs":1}`) },
	"no money": func() { fmt.Println(`{"date":"2026-11-19","campaign":"a","cost":"12,5"}`) },
	"repeats":  func() { row(1); row(2) },
	"dies": func() {
		row(1)
		fmt.Print(`{"date":"2026-11-`)
		fmt.Fprintln(os.Stderr, "Traceback (most recent call last):")
		fmt.Fprintln(os.Stderr, "requests.HTTPError: 401 Client Error, token "+os.Getenv("TOKEN"))
		os.Exit(1)
	},
	"says too much": func() {
		fmt.Fprintln(os.Stderr, "the key is "+os.Getenv("TOKEN"))
		os.Exit(1)
	},
	"killed": func() {
		row(1)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	},
	"code": func() {
		code, _ := strconv.Atoi(os.Getenv("CODE"))
		os.Exit(code)
	},
	"silent": func() {
		fmt.Fprintln(os.Stderr, "thinking")
		select {}
	},
	"endless": func() {
		for n := 0; ; n++ {
			fmt.Printf(`{"date":"2026-11-19","campaign":"c%d","cost":1}`+"\n", n)
		}
	},
	"long line": func() {
		line := strings.Repeat("x", 64<<10)
		for range 80 {
			fmt.Print(line)
		}
	},
	"chatty": func() {
		for range 40_000 {
			fmt.Fprintln(os.Stderr, strings.Repeat("noise ", 10)+os.Getenv("TOKEN"))
		}
		row(1)
	},
	"stubborn": func() { // ignores SIGTERM, and so does its child
		signal.Ignore(syscall.SIGTERM)
		fork("holder")
		row(1)
		select {}
	},
	"forks": func() { // leaves a child behind that holds its output
		fork("holder")
		row(1)
	},
	"escapes": func() { // leaves one behind that is in another group
		fork("escaped holder")
		row(1)
	},
	"holder":         hold,
	"escaped holder": hold,
	"environment": func() {
		text, _ := json.Marshal(append(os.Environ(), os.Args...))
		_ = os.WriteFile(filepath.Join(os.Getenv("OUT"), "environment"), text, 0o600)
		stdin, _ := os.Stdin.Read(make([]byte, 1))
		fmt.Printf(`{"date":"%s","campaign":"a","clicks":%d}`+"\n", os.Getenv("ADTOP_FROM"), stdin)
	},
	"incremental": func() { // counts its runs in its state
		n := 0
		if name := os.Getenv("ADTOP_STATE"); name != "" {
			text, _ := os.ReadFile(name)
			_ = json.Unmarshal(text, &n)
		}
		fmt.Printf(`{"date":"2026-11-10","campaign":"late","conversions":%d}`+"\n", n)
		fmt.Printf(`{"state":%d}`+"\n", n+1)
		if os.Getenv("FAIL") != "" {
			os.Exit(1)
		}
	},
	"singer":  tapSinger,
	"airbyte": tapAirbyte,
}

func row(cost int) { fmt.Printf(`{"date":"2026-11-19","campaign":"a","cost":%d}`+"\n", cost) }

// fork starts another program and returns when that holds the lock.
func fork(part string) {
	self, _ := os.Executable()
	ready, signal, _ := os.Pipe()
	child := exec.Command(self)
	child.Env = append(os.Environ(), "ADTOP_TEST_PROGRAM="+part)
	child.Stdout, child.Stderr, child.ExtraFiles = os.Stdout, os.Stderr, []*os.File{signal}
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: part == "escaped holder"}
	if err := child.Start(); err != nil {
		panic(err)
	}
	signal.Close()
	_, _ = ready.Read(make([]byte, 1))
}

// hold keeps a lock that the test waits for, and its output, for a minute.
func hold() {
	signal.Ignore(syscall.SIGTERM)
	lock, err := os.OpenFile(filepath.Join(os.Getenv("OUT"), "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		panic(err)
	}
	_, _ = os.NewFile(3, "ready").Write([]byte("!"))
	if os.Getenv("ADTOP_TEST_PROGRAM") == "escaped holder" { // ends when the test says so
		gone := filepath.Join(os.Getenv("OUT"), "done")
		if pipe, err := os.Open(gone); err == nil {
			_, _ = pipe.Read(make([]byte, 1))
		}
		return
	}
	time.Sleep(time.Minute)
}

// argument returns what follows a flag on the command line.
func argument(flag string) string {
	for i, a := range os.Args {
		if a == flag && i+1 < len(os.Args) {
			return os.Args[i+1]
		}
	}
	return ""
}

func read(flag string) (into map[string]any) {
	text, err := os.ReadFile(argument(flag))
	if err == nil {
		err = json.Unmarshal(text, &into)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot read", flag, err)
		os.Exit(2)
	}
	return into
}

// tapSinger is a tap by the specification, version 0.2.0: discovery, then a
// sync of what the catalog selects, from a bookmark, oldest first.
func tapSinger() {
	config := read("--config")
	if config["api"].(map[string]any)["token"] != os.Getenv("EXPECTED") {
		fmt.Fprintln(os.Stderr, "CRITICAL 403 Client Error: Forbidden, token", config["api"])
		os.Exit(1)
	}
	schema := `{"type":"object","properties":{"campaign_id":{"type":"string"},"from_date":{"type":"string","format":"date-time"},"clicks":{"type":["null","integer"]},"spend":{"type":["null","number"]}}}`
	for _, a := range os.Args {
		if a == "--discover" {
			fmt.Printf(`{"streams":[{"tap_stream_id":"other","stream":"other","schema":%s,"metadata":[]},
 {"tap_stream_id":"performance","stream":"performance","schema":%s,"metadata":[{"breadcrumb":[],"metadata":{"inclusion":"available"}},{"breadcrumb":["properties","clicks"],"metadata":{"inclusion":"available"}}]}]}`, schema, schema)
			return
		}
	}
	catalog, _ := json.Marshal(read("--catalog"))
	if os.Getenv("ANY") == "" && !strings.Contains(string(catalog), `"breadcrumb":[],"metadata":{"inclusion":"available","selected":true}`) || os.Getenv("ANY") == "" && strings.Count(string(catalog), `"selected":true}`) != 5 {
		fmt.Fprintln(os.Stderr, "nothing is selected:", string(catalog))
		os.Exit(1)
	}
	from := config["start_date"].(string)[:10]
	if argument("--state") != "" {
		from = read("--state")["bookmarks"].(map[string]any)["performance"].(string)
	}
	fmt.Println("INFO a print that went astray")
	fmt.Printf(`{"type":"SCHEMA","stream":"performance","schema":%s,"key_properties":["campaign_id","from_date"],"bookmark_properties":["from_date"]}`+"\n", schema)
	record := func(day string, clicks int, spend string) {
		fmt.Printf(`{"type":"RECORD","stream":"performance","record":{"campaign_id":"004d0f","from_date":"%sT00:00:00Z","clicks":%d,"spend":%s},"time_extracted":"2026-11-20T06:00:00Z"}`+"\n", day, clicks, spend)
	}
	for _, day := range []string{"2026-11-18", "2026-11-19", "2026-11-20"} {
		if day < from {
			continue
		}
		record(day, 1, "0.1")
		record(day, 12, `"7.320001"`) // the same again, later: delivery is at least once
		fmt.Printf(`{"type":"state","value":{"bookmarks":{"performance":"%s"}}}`+"\n", day)
	}
	fmt.Println(`{"type":"RECORD","stream":"other","record":{"x":1}}`)
	fmt.Println(`{"type":"METRIC","stream":"performance","value":1}`)
	if os.Getenv("FAIL") != "" {
		os.Exit(1)
	}
}

// tapAirbyte is a source by the Airbyte protocol.
func tapAirbyte() {
	say := func(format string, args ...any) { fmt.Printf(format+"\n", args...) }
	if len(os.Args) > 1 && os.Args[1] == "discover" {
		say(`{"type":"LOG","log":{"level":"INFO","message":"discovering"}}`)
		say(`{"type":"CATALOG","catalog":{"streams":[{"name":"ads","json_schema":{},"supported_sync_modes":["full_refresh","incremental"],"default_cursor_field":["day"],"source_defined_primary_key":[["id"],["day"]]}]}}`)
		return
	}
	config := read("--config")
	switch os.Getenv("FAIL") {
	case "config":
		say(`{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1,"error":{"message":"token %s is not valid","failure_type":"config_error"}}}`, config["token"])
		os.Exit(1)
	case "limited":
		say(`{"type":"TRACE","trace":{"type":"STREAM_STATUS","stream_status":{"stream_descriptor":{"name":"ads"},"status":"INCOMPLETE","reasons":[{"type":"RATE_LIMITED","rate_limited":{"quota_reset":1795165200000}}]}}}`)
		return
	case "incomplete":
		say(`{"type":"TRACE","trace":{"type":"STREAM_STATUS","stream_status":{"stream_descriptor":{"name":"ads"},"status":"RUNNING"}}}`)
		return
	}
	catalog := read("--catalog")["streams"].([]any)[0].(map[string]any)
	from := ""
	if argument("--state") != "" {
		text, _ := os.ReadFile(argument("--state"))
		var states []struct {
			Stream struct {
				State struct{ Day string } `json:"stream_state"`
			}
		}
		if err := json.Unmarshal(text, &states); err != nil || catalog["sync_mode"] != "incremental" {
			fmt.Fprintln(os.Stderr, "no state of streams:", string(text), catalog["sync_mode"])
			os.Exit(1)
		}
		from = states[0].Stream.State.Day
	}
	say(`{"type":"TRACE","trace":{"type":"STREAM_STATUS","stream_status":{"stream_descriptor":{"name":"ads"},"status":"STARTED"}}}`)
	for _, day := range []string{"2026-11-18", "2026-11-19", "2026-11-20"} {
		if day >= from {
			say(`{"type":"RECORD","record":{"stream":"ads","emitted_at":1,"data":{"id":1,"day":"%s","metrics":{"cost":1250000,"goals":"2"}}}}`, day)
			say(`{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"ads"},"stream_state":{"day":"%s"}},"sourceStats":{"recordCount":1}}}`, day)
		}
	}
	say(`{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":{"token":"renewed-%s"}}}}`, config["token"])
	say(`{"type":"TRACE","trace":{"type":"STREAM_STATUS","stream_status":{"stream_descriptor":{"name":"ads"},"status":"COMPLETE"}}}`)
}
