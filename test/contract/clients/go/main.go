// go-mssqldb: one line `check=result` per check. Arguments: port, plain or tls. Password: CLIENT_PASSWORD.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"

	mssql "github.com/microsoft/go-mssqldb"
)

type weighed struct {
	ParcelID int32
	WeightKg sql.NullString
	Label    sql.NullString
}

func say(check string, result any) { fmt.Printf("%s=%v\n", check, result) }

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func open(password string) *sql.DB {
	encrypt := "disable"
	if os.Args[2] == "tls" {
		encrypt = "true"
	}
	query := url.Values{"database": {"Depot"}, "encrypt": {encrypt}, "trustservercertificate": {"true"}}
	address := url.URL{Scheme: "sqlserver", User: url.UserPassword("sa", password), Host: "127.0.0.1:" + os.Args[1], RawQuery: query.Encode()}
	db, err := sql.Open("sqlserver", address.String())
	must(err)
	db.SetMaxOpenConns(1)
	return db
}

func number(err error) any {
	var refused mssql.Error
	if errors.As(err, &refused) {
		return refused.Number
	}
	return err
}

func count(db *sql.DB) (n int) {
	must(db.QueryRow("SELECT COUNT(*) FROM dbo.Parcel WHERE ParcelId = @p1", 900).Scan(&n))
	return n
}

func insert(db *sql.DB, commit bool) (changed int64) {
	tx, err := db.BeginTx(context.Background(), &sql.TxOptions{Isolation: sql.LevelSerializable})
	must(err)
	result, err := tx.Exec("INSERT INTO dbo.Parcel (ParcelId, Label) VALUES (@id, @label)", sql.Named("id", 900), sql.Named("label", "go"))
	must(err)
	changed, err = result.RowsAffected()
	must(err)
	if commit {
		must(tx.Commit())
	} else {
		must(tx.Rollback())
	}
	return changed
}

func main() {
	db := open(os.Getenv("CLIENT_PASSWORD"))
	defer db.Close()
	var encrypted string
	must(db.QueryRow("SELECT encrypt_option FROM sys.dm_exec_connections WHERE session_id = @@SPID").Scan(&encrypted))
	say("encrypted", encrypted)

	var id int
	var serial int64
	var label, weight, sent string
	var mark mssql.UniqueIdentifier
	var payload []byte
	must(db.QueryRow(`SELECT ParcelId, Label, WeightKg, CONVERT(varchar(27), Sent, 121), Mark, Payload, Serial FROM dbo.Parcel WHERE ParcelId = 1`).
		Scan(&id, &label, &weight, &sent, &mark, &payload, &serial))
	say("query", fmt.Sprintf("%d|%s|%s|%s|%s|%x|%d", id, label, weight, sent, mark, payload, serial))

	var sum, text, exact string
	var nothing sql.NullString
	must(db.QueryRow("SELECT CONVERT(nvarchar(20), @p1 + 1), @p2, @p3, @p4, CONVERT(nvarchar(10), @p5)", 3, "é☂", "-12345678901234567890.1234", []byte{0, 255}, nil).
		Scan(&sum, &text, &exact, &payload, &nothing))
	say("parameters", fmt.Sprintf("%s|%s|%s|%x|%s", sum, text, exact, payload, map[bool]string{true: nothing.String, false: "null"}[nothing.Valid]))

	var found int64
	var heaviest string
	var status mssql.ReturnStatus
	_, err := db.Exec("dbo.CountHeavy", sql.Named("atLeast", "0.5"), sql.Named("found", sql.Out{Dest: &found}), sql.Named("heaviest", sql.Out{Dest: &heaviest}), &status)
	must(err)
	say("procedure", fmt.Sprintf("%d|%d|%s", status, found, heaviest))

	parcels := mssql.TVP{TypeName: "dbo.ParcelWeights", Value: []weighed{
		{1, sql.NullString{String: "1.125", Valid: true}, sql.NullString{String: "a", Valid: true}},
		{2, sql.NullString{String: "2.250", Valid: true}, sql.NullString{String: "ż", Valid: true}},
		{3, sql.NullString{}, sql.NullString{}},
	}}
	must(db.QueryRow("EXEC dbo.SumWeights @parcels", sql.Named("parcels", parcels)).Scan(&id, &weight, &label))
	say("table", fmt.Sprintf("%d|%s|%s", id, weight, label))

	changed := insert(db, false)
	afterRollback := count(db)
	insert(db, true)
	afterCommit := count(db)
	_, err = db.Exec("DELETE FROM dbo.Parcel WHERE ParcelId = 900")
	must(err)
	say("transaction", fmt.Sprintf("%d|%d|%d", changed, afterRollback, afterCommit))

	_, err = db.Exec("INSERT INTO dbo.Parcel (ParcelId, Label) VALUES (1, N'again')")
	say("duplicate", number(err))
	_, err = db.Exec("dbo.Refuse", sql.Named("why", "not today"))
	say("raised", number(err))
	var one int
	must(db.QueryRow("SELECT 1").Scan(&one))
	say("usable", one)

	wrong := open("wrong")
	defer wrong.Close()
	say("login", number(wrong.Ping()))
}
