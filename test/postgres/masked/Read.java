import java.sql.*;
import java.util.*;

/** Reads the only row of each table that is named, and says what pgjdbc makes of it, in text and in binary. */
class Read {
  public static void main(String[] tables) throws Exception {
    read("text", tables, "preferQueryMode", "simple");
    // Below zero: in binary, wherever it can, from the first time on.
    read("binary", tables, "prepareThreshold", "-1");
  }

  static void read(String how, String[] tables, String... settings) throws SQLException {
    Map<String, String> env = System.getenv();
    Properties properties = new Properties();
    properties.setProperty("user", env.get("PGUSER"));
    properties.setProperty("password", env.getOrDefault("PGPASSWORD", ""));
    properties.setProperty("sslmode", env.getOrDefault("PGSSLMODE", "prefer"));
    properties.setProperty("gssEncMode", env.getOrDefault("PGGSSENCMODE", "allow"));
    for (int at = 0; at < settings.length; at += 2) properties.setProperty(settings[at], settings[at + 1]);
    String url = "jdbc:postgresql://" + env.get("PGHOST") + ":" + env.get("PGPORT") + "/" + env.get("PGDATABASE");
    try (Connection connection = DriverManager.getConnection(url, properties)) {
      for (String table : tables) {
        try (PreparedStatement statement = connection.prepareStatement("SELECT * FROM " + table); ResultSet rows = statement.executeQuery()) {
          while (rows.next()) System.out.println(told(how, table, rows));
        }
      }
    }
  }

  static String told(String how, String table, ResultSet rows) throws SQLException {
    StringJoiner row = new StringJoiner(", ");
    ResultSetMetaData columns = rows.getMetaData();
    for (int at = 1; at <= columns.getColumnCount(); at++) {
      // As whatever it takes the type for, then as the text of that.
      Object value = rows.getObject(at);
      row.add(quoted(columns.getColumnName(at)) + ": " + (value == null ? "null" : quoted(rows.getString(at))));
    }
    return "{\"how\": " + quoted(how) + ", \"table\": " + quoted(table) + ", \"row\": {" + row + "}}";
  }

  static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }
}
