# Sourced by stack.sh: the local broker with TLS, users and ACLs, and the gateway with TLS (setting local.secure). What a
# cluster has from its certificate authority and its operator is made here, for this machine only, in <data>/secure:
#   ca.pem ca.key               the authority
#   broker.p12 gateway-tls.pem  certificates of 127.0.0.1 and localhost
#   USER.pem USER.key           by which Kafka knows admin, edge, citizen, indicators, gateway, operator, publication, rules
#   USER.password               likewise, with local.secure=password
# All readable by their owner only. Passwords are sent as SASL/PLAIN over TLS: Kafka 4 refuses the nonce that librdkafka
# before 2.6.1 sends (its pull request 4895), so that SCRAM does not work with Debian 12's.
# shellcheck shell=bash

readonly secure_users=(admin edge citizen indicators gateway operator publication rules)

secure_on() { [ "${KRONIKA_LOCAL_SECURE:-no}" != no ]; }
secure_by_password() { [ "${KRONIKA_LOCAL_SECURE:-no}" = password ]; }

random_word() { head -c 24 /dev/urandom | base64 | tr -d '/+=\n'; }

# certificate NAME SUBJECT: signed by the local authority, for the loopback names.
certificate() {
  local dir=$secure
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$2" \
    -keyout "$dir/$1.key" -out "$dir/$1.csr" 2>/dev/null &&
    openssl x509 -req -in "$dir/$1.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -days 365 \
      -extfile <(echo "subjectAltName=IP:127.0.0.1,DNS:localhost") -out "$dir/$1.pem" 2>/dev/null ||
    die "the certificate $1 could not be made: is openssl installed?"
  rm -f "$dir/$1.csr"
}

# Makes what is missing.
secure_prepare() {
  local user
  if [ ! -f "$secure/ready" ]; then
    [ ! -f "$KRONIKA_DATA_DIR/kafka/cluster.id" ] ||
      die "the data in $KRONIKA_DATA_DIR were made without local.secure: use another data folder, or remove them with 'make clean'."
    (
      umask 077
      mkdir -p "$secure"
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=kronika local authority" \
        -keyout "$secure/ca.key" -out "$secure/ca.pem" 2>/dev/null || die "openssl is missing: run 'make setup'."
      certificate broker kronika-broker
      certificate gateway-tls kronika-gateway
      for user in "${secure_users[@]}"; do certificate "$user" "$user"; done
      random_word >"$secure/store.password"
      openssl pkcs12 -export -in "$secure/broker.pem" -inkey "$secure/broker.key" -name broker \
        -passout "file:$secure/store.password" -out "$secure/broker.p12"
      openssl pkcs12 -export -in "$secure/admin.pem" -inkey "$secure/admin.key" -name admin \
        -passout "file:$secure/store.password" -out "$secure/admin.p12"
      keytool -importcert -noprompt -alias ca -file "$secure/ca.pem" -storetype PKCS12 \
        -storepass "$(cat "$secure/store.password")" -keystore "$secure/trust.p12" 2>/dev/null
      touch "$secure/ready"
    ) || exit 1
    say "  made certificates and Kafka users in $secure (for this machine only)"
  fi
  (
    umask 077
    for user in kronika-broker "${secure_users[@]}"; do
      [ -f "$secure/$user.password" ] || random_word >"$secure/$user.password"
    done
  )
}

# The settings of the process NAME; the operator's for whoever sources `stack.sh settings`.
secure_env() {
  secure_on || return 0
  set -- "${1/#edge-*/edge}" # the doors share a user
  export KRONIKA_KAFKA_SSL_CA_FILE=$secure/ca.pem
  if secure_by_password; then
    export KRONIKA_KAFKA_SECURITY_PROTOCOL=sasl_ssl KRONIKA_KAFKA_SASL_MECHANISM=PLAIN
    export KRONIKA_KAFKA_SASL_USERNAME=$1 KRONIKA_KAFKA_SASL_PASSWORD_FILE=$secure/$1.password
    export KRONIKA_KAFKA_SSL_CERTIFICATE_FILE='' KRONIKA_KAFKA_SSL_KEY_FILE=''
  else
    export KRONIKA_KAFKA_SECURITY_PROTOCOL=ssl KRONIKA_KAFKA_SASL_USERNAME='' KRONIKA_KAFKA_SASL_PASSWORD_FILE=''
    export KRONIKA_KAFKA_SSL_CERTIFICATE_FILE=$secure/$1.pem KRONIKA_KAFKA_SSL_KEY_FILE=$secure/$1.key
  fi
  export KRONIKA_GATEWAY_CERT_FILE=$secure/gateway-tls.pem KRONIKA_GATEWAY_KEY_FILE=$secure/gateway-tls.key
  export KRONIKA_CLI_GATEWAY_CA_FILE=$secure/ca.pem
}

# Lines of server.properties in place of the plaintext listeners. Whichever way a user is known, it has the same name.
secure_kafka_properties() {
  local store listener=SSL
  store=$(cat "$secure/store.password")
  if secure_by_password; then listener=SASL_SSL; fi
  cat <<EOF
listeners=$listener://127.0.0.1:${kafka_address##*:},CONTROLLER://127.0.0.1:$KRONIKA_LOCAL_CONTROLLER_PORT
advertised.listeners=$listener://127.0.0.1:${kafka_address##*:}
listener.security.protocol.map=SSL:SSL,SASL_SSL:SASL_SSL,CONTROLLER:SSL
inter.broker.listener.name=$listener
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config=$(secure_login kronika-broker) $(secure_passwords);
listener.name.sasl_ssl.ssl.client.auth=none
listener.name.ssl.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
ssl.principal.mapping.rules=RULE:^CN=(.*)\$/\$1/
ssl.keystore.type=PKCS12
ssl.keystore.location=$secure/broker.p12
ssl.keystore.password=$store
ssl.key.password=$store
ssl.truststore.type=PKCS12
ssl.truststore.location=$secure/trust.p12
ssl.truststore.password=$store
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:admin;User:kronika-broker
EOF
}

secure_login() {
  printf '%s required username="%s" password="%s"' org.apache.kafka.common.security.plain.PlainLoginModule "$1" "$(cat "$secure/$1.password")"
}

# All users with their passwords, as the broker's login module takes them.
secure_passwords() {
  local user
  for user in kronika-broker "${secure_users[@]}"; do printf 'user_%s="%s" ' "$user" "$(cat "$secure/$user.password")"; done
}

# Each component's rights, from the table that a cluster's users are made of.
secure_rights() {
  PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$root/deploy/tools python3 -c '
from kronika_deploy import kafka
names = {"topic": "Topic", "group": "Group", "transactionalId": "TransactionalId"}
for user in kafka.USERS:
    for kind, name, pattern, operations in kafka.acls(user):
        for operation in operations:
            print(user, operation, names[kind], {"prefix": "prefixed"}.get(pattern, pattern), name)'
}

# Settings of Kafka's own tools as the user admin.
secure_admin_properties() {
  local store
  store=$(cat "$secure/store.password")
  cat <<EOF
bootstrap.servers=$kafka_address
ssl.truststore.type=PKCS12
ssl.truststore.location=$secure/trust.p12
ssl.truststore.password=$store
EOF
  if secure_by_password; then
    printf '%s\n' security.protocol=SASL_SSL sasl.mechanism=PLAIN "sasl.jaas.config=$(secure_login admin);"
  else
    printf '%s\n' security.protocol=SSL ssl.keystore.type=PKCS12 "ssl.keystore.location=$secure/admin.p12" "ssl.keystore.password=$store"
  fi
}

secure_grant() {
  (umask 077 && secure_admin_properties >"$secure/admin.properties")
  [ ! -f "$secure/granted" ] || return 0
  command -v javac >/dev/null || die "local.secure needs a Java compiler: apt-get install openjdk-17-jdk-headless"
  secure_rights |
    java -cp "$root/var/kafka/lib/*" "$root/deploy/local/kafka/GrantRights.java" "$secure/admin.properties" \
      >>"$logs/topics.log" 2>&1 || die "the rights could not be given: $(last_words topics)"
  touch "$secure/granted"
  say "  each component's Kafka user has its rights"
}
