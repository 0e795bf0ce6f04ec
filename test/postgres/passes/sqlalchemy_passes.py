import psycopg
import sqlalchemy

engine = sqlalchemy.create_engine("postgresql+psycopg://", pool_pre_ping=True)
sqlalchemy.MetaData().reflect(engine, views=True)
for number in (1, 2):
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("SELECT :n"), {"n": number}).all()
engine.dispose()
print(f"SQLAlchemy {sqlalchemy.__version__} on psycopg {psycopg.__version__}")
