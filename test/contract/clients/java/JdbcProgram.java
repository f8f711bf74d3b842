import com.microsoft.sqlserver.jdbc.SQLServerDataTable;
import com.microsoft.sqlserver.jdbc.SQLServerPreparedStatement;
import java.math.BigDecimal;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;

/** Microsoft's JDBC driver: one line `check=result` per check. Arguments: port, encrypt (true, false). Password: CLIENT_PASSWORD. */
public class JdbcProgram {
  private static void say(String check, Object result) {
    System.out.println(check + "=" + result);
  }

  private static String url(String port, String encrypt) {
    return "jdbc:sqlserver://127.0.0.1:" + port + ";databaseName=Depot;trustServerCertificate=true;encrypt=" + encrypt;
  }

  private static String one(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(query)) {
      rows.next();
      return rows.getString(1);
    }
  }

  private static void query(Connection connection) throws SQLException {
    StringBuilder text = new StringBuilder();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(
            "SELECT ParcelId, Label, WeightKg, Sent, Mark, Payload, Serial FROM dbo.Parcel WHERE ParcelId = 1")) {
      while (rows.next()) {
        text.append(rows.getInt(1)).append('|').append(rows.getString(2)).append('|').append(rows.getBigDecimal(3));
        text.append('|').append(rows.getTimestamp(4)).append('|').append(rows.getString(5)).append('|');
        for (byte b : rows.getBytes(6)) text.append(String.format("%02x", b));
        text.append('|').append(rows.getLong(7));
      }
    }
    say("query", text);
  }

  private static void parameters(Connection connection) throws SQLException {
    String text = "SELECT CONVERT(nvarchar(20), ? + 1), ?, CONVERT(nvarchar(40), ?), ?, CONVERT(nvarchar(10), ?)";
    try (PreparedStatement statement = connection.prepareStatement(text)) {
      // Three times: the driver asks for a prepared handle at the second and runs that at the third.
      for (int turn = 1; turn <= 3; turn++) {
        statement.setInt(1, turn);
        statement.setString(2, "é☂");
        statement.setBigDecimal(3, new BigDecimal("-12345678901234567890.1234"));
        statement.setBytes(4, new byte[] {0, (byte) 0xff});
        statement.setNull(5, Types.INTEGER);
        try (ResultSet rows = statement.executeQuery()) {
          rows.next();
          if (turn < 3) continue;
          String bytes = String.format("%02x%02x", rows.getBytes(4)[0], rows.getBytes(4)[1]);
          say("parameters", rows.getString(1) + "|" + rows.getString(2) + "|" + rows.getString(3) + "|" + bytes + "|" + rows.getString(5));
        }
      }
    }
  }

  private static void procedure(Connection connection) throws SQLException {
    try (CallableStatement call = connection.prepareCall("{? = call dbo.CountHeavy(?, ?, ?)}")) {
      call.registerOutParameter(1, Types.INTEGER);
      call.setBigDecimal(2, new BigDecimal("0.5"));
      call.registerOutParameter(3, Types.INTEGER);
      call.registerOutParameter(4, Types.NVARCHAR);
      call.execute();
      say("procedure", call.getInt(1) + "|" + call.getInt(3) + "|" + call.getNString(4));
    }
  }

  private static void table(Connection connection) throws SQLException {
    SQLServerDataTable parcels = new SQLServerDataTable();
    parcels.addColumnMetadata("ParcelId", Types.INTEGER);
    parcels.addColumnMetadata("WeightKg", Types.DECIMAL);
    parcels.addColumnMetadata("Label", Types.NVARCHAR);
    parcels.addRow(1, new BigDecimal("1.125"), "a");
    parcels.addRow(2, new BigDecimal("2.250"), "ż");
    parcels.addRow(3, null, null);
    try (PreparedStatement call = connection.prepareStatement("EXEC dbo.SumWeights ?")) {
      ((SQLServerPreparedStatement) call).setStructured(1, "dbo.ParcelWeights", parcels);
      try (ResultSet rows = call.executeQuery()) {
        rows.next();
        say("table", rows.getInt(1) + "|" + rows.getBigDecimal(2) + "|" + rows.getString(3));
      }
    }
  }

  private static void transaction(Connection connection) throws SQLException {
    String count = "SELECT COUNT(*) FROM dbo.Parcel WHERE ParcelId = 900";
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      int changed = statement.executeUpdate("INSERT INTO dbo.Parcel (ParcelId, Label) VALUES (900, N'jdbc')");
      connection.rollback();
      String afterRollback = one(connection, count);
      statement.executeUpdate("INSERT INTO dbo.Parcel (ParcelId, Label) VALUES (900, N'jdbc')");
      connection.commit();
      String afterCommit = one(connection, count);
      statement.executeUpdate("DELETE FROM dbo.Parcel WHERE ParcelId = 900");
      connection.commit();
      say("transaction", changed + "|" + afterRollback + "|" + afterCommit);
    }
    connection.setAutoCommit(true);
  }

  private static void error(String check, Connection connection, String text) {
    try (Statement statement = connection.createStatement()) {
      statement.execute(text);
      say(check, "no error");
    } catch (SQLException refused) {
      say(check, refused.getErrorCode());
    }
  }

  public static void main(String[] args) throws Exception {
    String password = System.getenv("CLIENT_PASSWORD");
    try (Connection connection = DriverManager.getConnection(url(args[0], args[1]), "sa", password)) {
      say("encrypted", one(connection, "SELECT encrypt_option FROM sys.dm_exec_connections WHERE session_id = @@SPID"));
      query(connection);
      parameters(connection);
      procedure(connection);
      table(connection);
      transaction(connection);
      error("duplicate", connection, "INSERT INTO dbo.Parcel (ParcelId, Label) VALUES (1, N'again')");
      error("raised", connection, "EXEC dbo.Refuse N'not today'");
      say("usable", one(connection, "SELECT 1"));
    }
    try (Connection connection = DriverManager.getConnection(url(args[0], args[1]), "sa", "wrong")) {
      say("login", "no error");
    } catch (SQLException refused) {
      say("login", refused.getErrorCode());
    }
  }
}
