# Read by the image of PostgreSQL when its data folder is new: what a team has, and a role that may do no more than it must.
psql --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname "$POSTGRES_DB" --set password="$(cat /run/secrets/orders/orders-ro)" <<'SQL'
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, email text NOT NULL);
INSERT INTO customers VALUES (1, 'Ada', 'ada@example.org'), (2, 'Grace', 'grace@example.org'), (3, 'Edsger', 'edsger@example.org');
CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL REFERENCES customers, total numeric(10, 2) NOT NULL);
INSERT INTO orders SELECT n, 1 + n % 3, n * 7.5 FROM generate_series(1, 50) n;
CREATE ROLE gatescribe_ro LOGIN PASSWORD :'password';
GRANT SELECT ON ALL TABLES IN SCHEMA public TO gatescribe_ro;
SQL
