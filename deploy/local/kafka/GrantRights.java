import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.utils.SecurityUtils;

/**
 * Gives the local broker's users the rights that stand on standard input, "COMPONENT OPERATION RESOURCE PATTERN NAME" a line; a
 * component's user has its name. With "take" as second argument it takes them away instead, which
 * tests do. Run as source by scripts/secure.sh; a cluster's operator has its own way.
 */
class GrantRights {
  public static void main(String[] arguments) throws Exception {
    var properties = new Properties();
    try (var in = new FileInputStream(arguments[0])) {
      properties.load(in);
    }
    List<AclBinding> all = new ArrayList<>();
    var lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = lines.readLine()) != null;) {
      String[] part = line.split(" ");
      ResourceType type = SecurityUtils.resourceType(part[2]);
      PatternType pattern = part[3].equals("prefixed") ? PatternType.PREFIXED : PatternType.LITERAL;
      AclOperation operation = SecurityUtils.operation(part[1]);
      all.add(new AclBinding(new ResourcePattern(type, part[4], pattern),
          new AccessControlEntry("User:" + part[0], "*", operation, AclPermissionType.ALLOW)));
    }
    try (Admin admin = Admin.create(properties)) {
      if (arguments.length > 1 && arguments[1].equals("take")) {
        admin.deleteAcls(all.stream().map(AclBinding::toFilter).toList()).all().get();
        System.out.println("took " + all.size() + " rights");
      } else {
        admin.createAcls(all).all().get();
        System.out.println("gave " + all.size() + " rights");
      }
    }
  }
}
