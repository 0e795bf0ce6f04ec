import psycopg
import psycopg_pool

with psycopg_pool.ConnectionPool("", min_size=1, max_size=1, check=psycopg_pool.ConnectionPool.check_connection) as pool:
    for number in (1, 2):
        with pool.connection() as connection:
            connection.execute("SELECT name FROM customers WHERE id = %s", [number]).fetchall()
    with pool.connection() as connection:
        psycopg.types.TypeInfo.fetch(connection, "mood")
        connection.execute("SELECT 1")
        connection.rollback()
print(f"psycopg {psycopg.__version__}, psycopg_pool {psycopg_pool.__version__}, libpq {psycopg.pq.version()}")
