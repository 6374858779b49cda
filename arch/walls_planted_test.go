package arch

var importsPlanted = []planted{
	{name: "where they may", archive: `
-- engine/db/open.go --
package db

import (
	"database/sql"
	_ "github.com/mattn/go-sqlite3"
)
-- kit/egress/egress.go --
package egress

import "net/http"
-- service/mail/mail.go --
package mail

import (
	_ "embed"
	"net/http"
)
-- engine/query/query_test.go --
package query

import (
	"math/rand/v2"
	"net/http/httptest"
	_ "time/tzdata"
)
`},
	{name: "where they may not", archive: `
-- crm/deals/deals.go --
package deals

import (
	. "strings"
	"database/sql"
	_ "ashna/crm/leads"
)
-- engine/record/record.go --
package record

import "net/http"
-- engine/record/record_test.go --
package record

import (
	"math/rand"
	"github.com/jackc/pgx/v5/pgxpool"
)
-- kit/money/money.go --
package money

import "unsafe"
`, want: []string{
		"crm/deals/deals.go:4: dot import of strings",
		"crm/deals/deals.go:5: imports database/sql: one room knows drivers",
		"crm/deals/deals.go:6: blank import of ashna/crm/leads",
		"engine/record/record.go:3: imports net/http: the engine must not know",
		"engine/record/record_test.go:4: imports math/rand: ",
		"engine/record/record_test.go:5: imports github.com/jackc/pgx/v5/pgxpool: one room",
		"kit/money/money.go:3: imports unsafe",
	}},
}

var namesPlanted = []planted{
	{name: "in their rooms", archive: `
-- kit/egress/egress.go --
package egress

import (
	"net"
	"net/http"
)

func client() *http.Client { return &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{}).DialContext}} }
-- kit/clock/clock.go --
package clock

import "time"

func now() time.Time { return time.Now() }
-- cmd/ashna/main.go --
package main

import "os"

var home = os.Getenv("HOME")
-- engine/job/job_test.go --
package job

import "time"

func f() { panic(time.Now()) }
-- engine/job/job.go --
package job

import "time"

type clock struct{}

func (clock) Now() int { return 0 }

func g(time clock) int { return time.Now() }

func h(panic func()) { panic() }

var pause = time.Second
`},
	{name: "elsewhere", archive: `
-- service/webhook/send.go --
package webhook

import (
	"crypto/tls"
	web "net/http"
	"net"
	"os"
	"time"
)

type sender struct{ now func() time.Time }

func (s *sender) send() error {
	_, _ = net.Dial("tcp", os.Getenv("PEER"))
	_, _ = web.Get("http://example.org")
	_ = web.Client{}
	_, _ = tls.Dial("tcp", "", nil)
	s.now = time.Now
	panic("no")
}
`, want: []string{
		"send.go:14: uses net.Dial: outbound",
		"send.go:14: uses os.Getenv: settings",
		"send.go:15: uses http.Get: outbound",
		"send.go:16: makes an http.Client",
		"send.go:17: uses tls.Dial",
		"send.go:18: uses time.Now: time comes by argument",
		"send.go:19: panics",
	}},
}

var databaseWordsPlanted = []planted{
	{name: "in their rooms, in comments, in tests", archive: `
-- engine/db/open.go --
package db

const sqliteDriver = "sqlite3"
-- crm/deals/deals.go --
package deals

// Price is a bigint on PostgreSQL and an integer on SQLite.
const Price = 1
-- engine/query/query_test.go --
package query

const on = "postgres"
-- service/insight/replica.go --
package insight

const file = "replica.duckdb"
`},
	{name: "elsewhere", archive: `
-- engine/query/query.go --
package query

func isSQLite(driver string) bool { return driver == "sqlite3" }
-- service/insight/replica.go --
package insight

const source = "postgres://"
-- web/list/list.go --
package list

var engine = "DuckDB"
`, want: []string{
		`engine/query/query.go:3: says "sqlite"`,
		`engine/query/query.go:3: says "sqlite"`,
		`service/insight/replica.go:3: says "postgres"`,
		`web/list/list.go:3: says "duckdb"`,
	}},
}
