import java.io.StringReader;
import java.io.StringWriter;
import java.sql.*;
import java.util.*;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/** What pgjdbc does by itself, and what tools ask of it: every list of DatabaseMetaData, its ways to send statements, batches, COPY. */
class Passes {
  interface Asked {
    ResultSet of(DatabaseMetaData data) throws SQLException;
  }

  /** With arguments: only connects, with these settings. */
  public static void main(String[] settings) throws Exception {
    if (settings.length > 0) {
      connect(settings).close();
      return;
    }
    try (Connection connection = connect("ApplicationName", "passes")) {
      metadata(connection.getMetaData());
    }
    for (String mode : new String[] {"simple", "extended", "extendedForPrepared", "extendedCacheEverything"}) {
      try (Connection connection = connect("preferQueryMode", mode, "prepareThreshold", "2", "defaultRowFetchSize", "7")) {
        prepared(mode, connection);
        inTransactions(mode, connection);
        reset(connection);
      }
    }
    try (Connection connection = connect("reWriteBatchedInserts", "true")) {
      filling(connection);
    }
    readingOnly();
  }

  static Connection connect(String... settings) throws SQLException {
    Map<String, String> env = System.getenv();
    Properties properties = new Properties();
    properties.setProperty("user", env.get("PGUSER"));
    properties.setProperty("password", env.getOrDefault("PGPASSWORD", ""));
    properties.setProperty("sslmode", env.getOrDefault("PGSSLMODE", "prefer"));
    properties.setProperty("gssEncMode", env.getOrDefault("PGGSSENCMODE", "allow"));
    for (int at = 0; at < settings.length; at += 2) properties.setProperty(settings[at], settings[at + 1]);
    return DriverManager.getConnection("jdbc:postgresql://" + env.get("PGHOST") + ":" + env.get("PGPORT") + "/" + env.get("PGDATABASE"), properties);
  }

  /** Says how many rows there are, and what stands in the first ones. */
  static void rows(String what, ResultSet rows) throws SQLException {
    int count = 0;
    int columns = rows.getMetaData().getColumnCount();
    StringBuilder first = new StringBuilder();
    for (; rows.next(); count++) {
      if (count >= 3) continue;
      for (int column = 1; column <= columns; column++) {
        Object value = rows.getObject(column);
        first.append(value instanceof byte[] ? Arrays.toString((byte[]) value) : value).append('|');
      }
    }
    rows.close();
    System.out.println(what + " " + count + " " + first);
  }

  static void metadata(DatabaseMetaData data) throws SQLException {
    Map<String, Asked> all = new LinkedHashMap<>();
    all.put("catalogs", DatabaseMetaData::getCatalogs);
    all.put("schemas", DatabaseMetaData::getSchemas);
    all.put("table types", DatabaseMetaData::getTableTypes);
    all.put("tables", of -> of.getTables(null, null, "%", null));
    all.put("tables of public", of -> of.getTables(null, "public", "cust%", new String[] {"TABLE", "VIEW"}));
    all.put("columns", of -> of.getColumns(null, "public", "%", "%"));
    all.put("system columns", of -> of.getColumns(null, "pg_catalog", "pg_class", null));
    all.put("primary keys", of -> of.getPrimaryKeys(null, "public", "customers"));
    all.put("imported keys", of -> of.getImportedKeys(null, "public", "orders"));
    all.put("exported keys", of -> of.getExportedKeys(null, "public", "customers"));
    all.put("cross reference", of -> of.getCrossReference(null, "public", "customers", null, "public", "orders"));
    all.put("indexes", of -> of.getIndexInfo(null, "public", "orders", false, true));
    all.put("best row", of -> of.getBestRowIdentifier(null, "public", "customers", DatabaseMetaData.bestRowSession, true));
    all.put("version columns", of -> of.getVersionColumns(null, "public", "customers"));
    all.put("procedures", of -> of.getProcedures(null, "public", "%"));
    all.put("procedure columns", of -> of.getProcedureColumns(null, "public", "%", "%"));
    all.put("functions", of -> of.getFunctions(null, "public", "%"));
    all.put("function columns", of -> of.getFunctionColumns(null, "public", "%", "%"));
    all.put("types", DatabaseMetaData::getTypeInfo);
    all.put("user types", of -> of.getUDTs(null, "public", "%", null));
    all.put("table privileges", of -> of.getTablePrivileges(null, "public", "%"));
    all.put("column privileges", of -> of.getColumnPrivileges(null, "public", "customers", "%"));
    all.put("client settings", DatabaseMetaData::getClientInfoProperties);
    for (Map.Entry<String, Asked> one : all.entrySet()) rows(one.getKey(), one.getValue().of(data));
    System.out.println(data.getSQLKeywords().length() + " " + data.getMaxColumnNameLength());
    System.out.println(data.getDefaultTransactionIsolation() + " " + data.getDatabaseProductVersion());
  }

  /** Often enough to be named at the server, and to go over to binary. */
  static void prepared(String mode, Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement("SELECT * FROM customers WHERE id = ?")) {
      // A Query has no parameters: there it asks the server what cannot be asked.
      if (!mode.equals("simple")) System.out.println(mode + " takes " + statement.getParameterMetaData().getParameterTypeName(1));
      for (int id = 1; id < 6; id++) {
        statement.setInt(1, id);
        ResultSet found = statement.executeQuery();
        if (id == 1) described(found.getMetaData());
        rows(mode, found);
      }
    }
    try (PreparedStatement statement = connection.prepareStatement("SELECT name FROM customers WHERE id = ANY (?) ORDER BY id")) {
      statement.setArray(1, connection.createArrayOf("int4", new Object[] {1, 2}));
      rows(mode + " by an array", statement.executeQuery());
    }
  }

  static void described(ResultSetMetaData about) throws SQLException {
    for (int column = 1; column <= about.getColumnCount(); column++) {
      System.out.print(about.getColumnName(column) + " " + about.getColumnTypeName(column) + " ");
      System.out.println(about.isAutoIncrement(column) + " " + about.isNullable(column));
    }
  }

  static void inTransactions(String mode, Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
    connection.setReadOnly(true);
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(10);
      statement.setQueryTimeout(20);
      rows(mode + " in portions", statement.executeQuery("SELECT id, total FROM orders ORDER BY id"));
      Savepoint savepoint = connection.setSavepoint("here");
      statement.execute("SELECT 1; SELECT 2");
      rows(mode + " first of two", statement.getResultSet());
      System.out.println(statement.getMoreResults());
      connection.rollback(savepoint);
      connection.releaseSavepoint(savepoint);
    }
    connection.commit();
    connection.setReadOnly(false);
    connection.setAutoCommit(true);
  }

  /** What pools ask of a connection before and behind its use. */
  static void reset(Connection connection) throws SQLException {
    System.out.println(connection.isValid(5) + " " + connection.getSchema() + " " + connection.getTransactionIsolation());
    connection.setClientInfo("ApplicationName", "another");
    connection.setNetworkTimeout(Runnable::run, 20000);
    connection.setReadOnly(true);
    connection.setReadOnly(false);
    connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
    try (Statement statement = connection.createStatement()) {
      statement.execute("DISCARD ALL");
    }
    connection.clearWarnings();
  }

  static void filling(Connection connection) throws Exception {
    connection.setAutoCommit(false);
    try (PreparedStatement statement = connection.prepareStatement("INSERT INTO staging.lines (n, t) VALUES (?, ?)")) {
      for (int n = 100; n < 107; n++) {
        statement.setInt(1, n);
        statement.setString(2, "line " + n);
        statement.addBatch();
      }
      System.out.println(statement.executeBatch().length);
    }
    try (PreparedStatement statement = connection.prepareStatement("INSERT INTO staging.lines VALUES (200, 'one')", new String[] {"n"})) {
      statement.executeUpdate();
      rows("generated", statement.getGeneratedKeys());
    }
    try (Statement statement = connection.createStatement()) {
      statement.addBatch("UPDATE staging.lines SET t = 'other' WHERE n = 200");
      statement.addBatch("DELETE FROM staging.lines WHERE n = 201");
      System.out.println(Arrays.toString(statement.executeBatch()));
    }
    CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
    System.out.println(copies.copyIn("COPY staging.lines (n, t) FROM STDIN", new StringReader("300\tcopied\n301\tin\n")));
    StringWriter out = new StringWriter();
    copies.copyOut("COPY (SELECT n, t FROM staging.lines WHERE n >= 200 ORDER BY n) TO STDOUT WITH (FORMAT csv)", out);
    System.out.print(out);
    connection.rollback();
  }

  static void readingOnly() throws SQLException {
    for (String mode : new String[] {"ignore", "transaction", "always"}) {
      try (Connection connection = connect("readOnly", "true", "readOnlyMode", mode, "options", "-c statement_timeout=9s")) {
        rows("read-only, " + mode, connection.createStatement().executeQuery("SHOW statement_timeout"));
        System.out.println(connection.isReadOnly());
      }
    }
    try (Connection connection = connect("assumeMinServerVersion", "15", "targetServerType", "preferSecondary", "loggerLevel", "OFF")) {
      rows("any server", connection.createStatement().executeQuery("SHOW application_name"));
    }
  }
}
