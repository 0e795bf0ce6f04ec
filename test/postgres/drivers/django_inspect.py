"""What Django does by itself: connecting, inspectdb over all tables and views, a transaction, a server-side cursor."""

import os
import django
from django.conf import settings

settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["PGDATABASE"],
            "USER": os.environ["PGUSER"],
            "PASSWORD": os.environ.get("PGPASSWORD", ""),
            "HOST": os.environ["PGHOST"],
            "PORT": os.environ["PGPORT"],
            "CONN_HEALTH_CHECKS": True,
        }
    },
    USE_TZ=True,
)
django.setup()

from django.core.management import call_command
from django.db import connection, transaction

call_command("inspectdb", include_views=True, include_partitions=True)
with connection.cursor() as cursor:
    print([table.name for table in connection.introspection.get_table_list(cursor)])
    print(connection.introspection.get_constraints(cursor, "orders"))
    print(connection.introspection.get_sequences(cursor, "orders"))
    print(connection.introspection.get_relations(cursor, "orders"))
with transaction.atomic(), connection.cursor() as cursor:
    cursor.execute("SELECT name FROM customers WHERE id = %s", [1])
    print(cursor.fetchall())
    with transaction.atomic():
        cursor.execute("SELECT count(*) FROM orders")
        print(cursor.fetchone())
with transaction.atomic(), connection.chunked_cursor() as cursor:
    cursor.execute("SELECT id FROM orders ORDER BY id")
    print(cursor.fetchmany(3))
connection.close_if_unusable_or_obsolete()
connection.close()
