import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FsShell;
import org.apache.hadoop.util.ToolRunner;

/**
 * Runs `hadoop fs` for one list of arguments after the other, in one JVM.
 *
 * Read from standard input: the number of arguments, and each one's length and bytes in UTF-8.
 * Written to standard output: the exit status, and lengths and bytes of its output and its errors.
 */
public class FsShells {
    public static void main(String[] none) throws Exception {
        DataInputStream requests = new DataInputStream(System.in);
        DataOutputStream answers = new DataOutputStream(System.out);
        while (true) {
            String[] arguments;
            try {
                arguments = new String[requests.readInt()];
            } catch (EOFException end) {
                return;
            }
            for (int i = 0; i < arguments.length; i++) {
                arguments[i] = new String(requests.readNBytes(requests.readInt()), StandardCharsets.UTF_8);
            }
            ByteArrayOutputStream output = new ByteArrayOutputStream();
            ByteArrayOutputStream errors = new ByteArrayOutputStream();
            System.setOut(new PrintStream(output, true, "UTF-8"));
            System.setErr(new PrintStream(errors, true, "UTF-8"));
            int status = ToolRunner.run(new FsShell(new Configuration()), arguments);
            System.out.flush();
            System.err.flush();
            answers.writeInt(status);
            for (ByteArrayOutputStream written : new ByteArrayOutputStream[] {output, errors}) {
                answers.writeInt(written.size());
                written.writeTo(answers);
            }
            answers.flush();
        }
    }
}
