import { CANARY } from './canary.ts'

/** Run as the superuser, in the database: what only a superuser may make. @param port of the server itself @param role that owns the rest */
export const foreignSchema = (port: number, role: string, database: string): string => `
create extension postgres_fdw;
create server itself foreign data wrapper postgres_fdw options (host '127.0.0.1', port '${port}', dbname '${database}');
create user mapping for ${role} server itself options (user '${role}', password 'x', password_required 'false');
grant usage on foreign server itself to ${role};
create extension if not exists pgcrypto;
create extension file_fdw;
create server files foreign data wrapper file_fdw;
create foreign table filed (id int, email text) server files options (program 'echo 1,${CANARY.text}', format 'csv');
grant select on filed to ${role};
`

/** What holds the canary, and everything through which it can be looked at; run as the role that the gateway logs in with. */
export const SCHEMA = `
create type place as (street text, number int);
create domain address as text check (length(value) > 3);
create table customers (
  id int primary key, name text not null, email address unique, ssn varchar(40), account bigint, salary numeric(20, 2), born date,
  tags text[], profile jsonb, raw json, secret bytea, home place, code uuid,
  shout text generated always as (upper(email)) stored,
  check (salary > 0)
);
create index on customers (lower(email));
insert into customers values
  (1, 'Ada', '${CANARY.text}', '${CANARY.text}', ${CANARY.bigint}, ${CANARY.numeric}, '${CANARY.date}', array['${CANARY.text}', 'b'],
   '{"mail": "${CANARY.text}", "n": [1, {"deep": "${CANARY.text}"}]}', '{"mail": "${CANARY.text}"}', convert_to('${CANARY.text}', 'UTF8'),
   row('${CANARY.text}', 7), '${CANARY.uuid}'),
  (2, 'Bob', null, null, null, 1, null, null, null, null, null, null, null);
create table orders (id int primary key, customer int references customers, note text);
insert into orders values (10, 1, 'first'), (11, 2, 'second');
create table sink (x text, y text default 'y', n int primary key generated always as identity);
create table vip (since date) inherits (customers);
insert into vip (id, name, email, since) values (3, 'Cyd', '${CANARY.text}', '2020-01-01');
create table events (id int, at int, email text) partition by range (at);
create table events_1 partition of events for values from (0) to (10);
create table events_2 partition of events for values from (10) to (20);
insert into events values (1, 1, '${CANARY.text}'), (2, 11, '${CANARY.text}');
create view plain_view as select id, email from customers;
create view over_view as select id as k, email as contact from plain_view where id < 100;
create view made_view as select id, 'to:' || email as line from customers;
create view row_view as select c as whole, c.id from customers c;
create view cte_view as with c as (select id, email from customers) select * from c;
create view union_view as select id, email from customers union all select id, email from events;
create view agg_view as select 1 as id, string_agg(email, ';') as email from customers;
create materialized view stored_view as select id, email, salary from customers;
create foreign table far (id int, name text, email text) server itself options (table_name 'customers');
create function all_of() returns setof customers language sql stable as 'select * from customers';
create function mail_of(int) returns text language sql stable as 'select email from customers where id = $1';
create function same(text) returns text language plpgsql immutable as 'begin return $1; end';
create function told(text) returns text language plpgsql as 'begin raise notice ''%'', $1; return ''told''; end';
create function failed(text) returns text language plpgsql as 'begin raise exception ''%'', $1 using detail = $1, hint = $1; end';
create function by_sql(text) returns text language plpgsql stable as 'declare r text; begin execute ''select '' || $1 || '' from customers where id = 1'' into r; return r; end';
create function noted() returns trigger language plpgsql as 'begin raise notice ''%'', (select email from customers where id = 1); perform pg_notify(''heard'', (select email::text from customers where id = 1)); return new; end';
create table watched (x text);
create trigger noted before insert on watched for each row execute function noted();
create function late() returns trigger language plpgsql as 'begin raise exception ''%'', (select email from customers where id = 1); end';
create table delayed (x text);
create constraint trigger late after insert on delayed deferrable initially deferred for each row execute function late();
create aggregate glued(text) (sfunc = textcat, stype = text, initcond = '');
create operator ||| (function = textcat, leftarg = text, rightarg = text);
create sequence counted;
create table accounts (id int primary key, card text, iban text, pass text);
insert into accounts values (1, '${CANARY.text}', '${CANARY.text}', '${CANARY.text}');
create procedure asked(inout r text) language plpgsql as 'begin select email into r from customers where id = 1; end';
create table letters (id int, body text);
create table many (id int, mail text);
insert into many select n, '${CANARY.text}' from generate_series(1, 300) n;
analyze many; analyze customers; analyze events;
`

const columnsOf = (relation: string, columns: string, database: string) =>
  columns.split(' ').map((column) => `${database}.public.${relation}.${column}`)

/** Everything that holds the canary is masked, and nothing else. */
export const masksOf = (database: string): Readonly<Record<string, unknown>>[] => [
  {
    name: 'people',
    columns: [
      ...columnsOf('customers', 'email ssn account salary born tags profile raw secret home code', database),
      ...columnsOf('events', 'email', database),
      ...columnsOf('many', 'mail', database),
      ...columnsOf('far', 'email', database),
      ...columnsOf('filed', 'email', database),
    ],
    as: 'redact',
  },
  { name: 'cards', columns: columnsOf('accounts', 'card', database), as: 'partial' },
  { name: 'joined', columns: columnsOf('accounts', 'iban', database), as: 'hash' },
  { name: 'passwords', columns: columnsOf('accounts', 'pass', database), as: { fixed: 'secret' } },
]
