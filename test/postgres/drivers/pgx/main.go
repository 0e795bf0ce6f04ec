// What pgx does by itself: it connects, describes, caches statements, loads types, copies in, and resets and checks pooled connections.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// With arguments: only reads the tables that they name.
func main() {
	ctx := context.Background()
	if tables := os.Args[1:]; len(tables) > 0 {
		for how, mode := range map[string]pgx.QueryExecMode{"text": pgx.QueryExecModeSimpleProtocol, "binary": pgx.QueryExecModeCacheStatement} {
			reading(ctx, how, mode, tables)
		}
		return
	}
	pooled(ctx)
	for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"} {
		inMode(ctx, mode)
	}
	filling(ctx)
	standard(ctx)
}

func pooled(ctx context.Context) {
	config, err := pgxpool.ParseConfig("")
	must(err)
	config.MaxConns = 1
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		for _, name := range []string{"mood", "email", "customers", "customers[]"} {
			loaded, err := conn.LoadType(ctx, name)
			if err != nil {
				return err
			}
			conn.TypeMap().RegisterType(loaded)
		}
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	must(err)
	defer pool.Close()
	for id := 1; id < 3; id++ {
		var name, state string
		must(pool.QueryRow(ctx, "SELECT name, state FROM customers WHERE id = $1", id).Scan(&name, &state))
		fmt.Println(name, state)
	}
	must(pool.Ping(ctx))
	conn, err := pool.Acquire(ctx)
	must(err)
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	must(err)
	inner, err := tx.Begin(ctx)
	must(err)
	batch := &pgx.Batch{}
	for n := 0; n < 5; n++ {
		batch.Queue("SELECT $1::int * 2", n)
	}
	results := inner.SendBatch(ctx, batch)
	for n := 0; n < 5; n++ {
		var doubled int
		must(results.QueryRow().Scan(&doubled))
		fmt.Print(doubled, " ")
	}
	must(results.Close())
	must(inner.Rollback(ctx))
	must(tx.Commit(ctx))
	must(conn.Conn().DeallocateAll(ctx))
	conn.Release()
}

func inMode(ctx context.Context, mode string) {
	config, err := pgx.ParseConfig("default_query_exec_mode=" + mode)
	must(err)
	conn, err := pgx.ConnectConfig(ctx, config)
	must(err)
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, "SELECT id, name, born FROM customers WHERE id < $1 ORDER BY id", 4)
	must(err)
	for rows.Next() {
		values, err := rows.Values()
		must(err)
		fmt.Println(mode, values)
	}
	must(rows.Err())
}

// Copies in, which asks for the columns' types first; also what was prepared by name, and several statements at once.
func filling(ctx context.Context) {
	conn, err := pgx.Connect(ctx, "statement_timeout=20000 idle_in_transaction_session_timeout=60000 default_transaction_isolation=serializable")
	must(err)
	defer conn.Close(ctx)
	tx, err := conn.Begin(ctx)
	must(err)
	lines := [][]any{{1, "one"}, {2, "two"}, {3, nil}}
	copied, err := tx.CopyFrom(ctx, pgx.Identifier{"staging", "lines"}, []string{"n", "t"}, pgx.CopyFromRows(lines))
	must(err)
	fmt.Println("copied", copied)
	_, err = tx.Prepare(ctx, "add", "INSERT INTO staging.lines (n, t) VALUES ($1, $2)")
	must(err)
	batch := &pgx.Batch{}
	batch.Queue("add", 4, "four")
	batch.Queue("UPDATE staging.lines SET t = upper(t) WHERE n = $1", 1)
	batch.Queue("SELECT count(*), min(t) FROM staging.lines")
	results := tx.SendBatch(ctx, batch)
	for range []string{"add", "update"} {
		done, err := results.Exec()
		must(err)
		fmt.Println(done)
	}
	var count int
	var least string
	must(results.QueryRow().Scan(&count, &least))
	must(results.Close())
	fmt.Println(count, least)
	must(conn.Deallocate(ctx, "add"))
	must(tx.Rollback(ctx))
	all, err := conn.PgConn().Exec(ctx, "SHOW statement_timeout; SHOW idle_in_transaction_session_timeout; SHOW transaction_isolation").ReadAll()
	must(err)
	for _, one := range all {
		fmt.Println(string(one.Rows[0][0]))
	}
	_, err = conn.PgConn().CopyTo(ctx, os.Stdout, "COPY (SELECT id, name FROM customers WHERE id < 4 ORDER BY id) TO STDOUT")
	must(err)
	must(conn.Ping(ctx))
}

func standard(ctx context.Context) {
	db, err := sql.Open("pgx", "")
	must(err)
	defer db.Close()
	must(db.PingContext(ctx))
	statement, err := db.PrepareContext(ctx, "SELECT count(*) FROM orders WHERE customer = $1")
	must(err)
	defer statement.Close()
	for customer := 1; customer < 4; customer++ {
		var count int
		must(statement.QueryRowContext(ctx, customer).Scan(&count))
		fmt.Println(customer, count)
	}
	var version string
	must(db.QueryRowContext(ctx, "SHOW server_version").Scan(&version))
	fmt.Println(version)
}

// reading says what pgx makes of the only row of each table.
func reading(ctx context.Context, how string, mode pgx.QueryExecMode, tables []string) {
	config, err := pgx.ParseConfig("")
	must(err)
	config.DefaultQueryExecMode = mode
	conn, err := pgx.ConnectConfig(ctx, config)
	must(err)
	defer conn.Close(ctx)
	for _, table := range tables {
		rows, err := conn.Query(ctx, "SELECT * FROM "+table)
		must(err)
		for rows.Next() {
			values, err := rows.Values()
			must(err)
			row := map[string]any{}
			for at, field := range rows.FieldDescriptions() {
				if uuid, is := values[at].([16]byte); is {
					row[field.Name] = fmt.Sprintf("%x-%x-%x-%x-%x", uuid[0:4], uuid[4:6], uuid[6:8], uuid[8:10], uuid[10:16])
				} else {
					row[field.Name] = values[at]
				}
			}
			line, err := json.Marshal(map[string]any{"how": how, "table": table, "row": row})
			must(err)
			fmt.Println(string(line))
		}
		must(rows.Err())
	}
}
