// What the citizen consumer is compared with: a Kafka Streams application that moves the same records. For each event
// it reads the citizen's state from its store, rewrites it at the size that the consumer's states have, and writes a
// ledger record of the consumer's size; exactly once, one thread, with the settings that make Streams fast (batches,
// lz4, a record cache as large as the consumer's cache of states). It folds nothing, keeps no journal, emits no
// differences of indicators and judges no event: what it leaves out is work that the consumer does.
//
//   java -cp 'lib/*' StreamsPeer.java BROKERS PREFIX STATE_BYTES LEDGER_BYTES STATE_FOLDER
//
// The application id is PREFIX + "streams-peer"; it runs until SIGTERM.

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.apache.kafka.streams.state.Stores;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;

public final class StreamsPeer {
  private static final String[] TOPICS = {"henvisning", "udskrivning", "maaling", "forloeb", "person"};
  private static final String STORE = "citizens";

  /** Stores with one cache of 32 MiB between them and a bloom filter, as the consumer's have. */
  public static final class Rocks implements RocksDBConfigSetter {
    private static final LRUCache CACHE = new LRUCache(32L << 20);
    private static final BloomFilter FILTER = new BloomFilter(10);

    @Override
    public void setConfig(String name, Options options, Map<String, Object> configs) {
      final BlockBasedTableConfig table = (BlockBasedTableConfig) options.tableFormatConfig();
      table.setBlockCache(CACHE);
      table.setFilterPolicy(FILTER);
      options.setTableFormatConfig(table);
      options.setWriteBufferSize(4L << 20);
    }

    @Override
    public void close(String name, Options options) {}
  }

  private static final class Citizen implements Processor<Bytes, byte[], Bytes, byte[]> {
    private final int stateBytes;
    private final int ledgerBytes;
    private ProcessorContext<Bytes, byte[]> context;
    private KeyValueStore<Bytes, byte[]> citizens;

    Citizen(int stateBytes, int ledgerBytes) {
      this.stateBytes = stateBytes;
      this.ledgerBytes = ledgerBytes;
    }

    @Override
    public void init(ProcessorContext<Bytes, byte[]> given) {
      context = given;
      citizens = given.getStateStore(STORE);
    }

    @Override
    public void process(Record<Bytes, byte[]> event) {
      final byte[] before = citizens.get(event.key());
      final byte[] after = before == null ? new byte[stateBytes] : before.clone();
      final ByteBuffer head = ByteBuffer.wrap(after);
      final int events = head.getInt(0) + 1;
      head.putInt(0, events);
      // Some of the event takes the place of some older one, so that states compress as little as they do in earnest.
      final byte[] value = event.value();
      final int share = Math.min(value.length, 100);
      final int places = Math.max(1, (stateBytes - 4) / 100);
      final int at = 4 + (events % places) * 100;
      System.arraycopy(value, value.length - share, after, at, Math.min(share, after.length - at));
      citizens.put(event.key(), after);
      final byte[] entry = new byte[ledgerBytes];
      System.arraycopy(value, 0, entry, 0, Math.min(value.length, ledgerBytes));
      context.forward(event.withValue(entry));
    }
  }

  public static void main(String[] arguments) throws Exception {
    final String prefix = arguments[1];
    final int stateBytes = Integer.parseInt(arguments[2]);
    final int ledgerBytes = Integer.parseInt(arguments[3]);
    final Properties p = new Properties();
    p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
    p.put(StreamsConfig.APPLICATION_ID_CONFIG, prefix + "streams-peer");
    p.put(StreamsConfig.STATE_DIR_CONFIG, arguments[4]);
    p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    p.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 200);
    p.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 64L << 20);
    p.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, Rocks.class);
    p.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
    p.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    p.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 5000);
    p.put(StreamsConfig.consumerPrefix(ConsumerConfig.FETCH_MAX_BYTES_CONFIG), 8 << 20);
    p.put(StreamsConfig.consumerPrefix(ConsumerConfig.CHECK_CRCS_CONFIG), false);
    p.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
    p.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 512 << 10);
    p.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 5);

    final Topology topology = new Topology();
    final String[] topics = new String[TOPICS.length];
    for (int i = 0; i < TOPICS.length; ++i) topics[i] = prefix + TOPICS[i];
    topology.addSource("events", Serdes.Bytes().deserializer(), Serdes.ByteArray().deserializer(), topics);
    topology.addProcessor("citizen", () -> new Citizen(stateBytes, ledgerBytes), "events");
    topology.addStateStore(Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(STORE), Serdes.Bytes(),
        Serdes.ByteArray()).withCachingEnabled().withLoggingEnabled(Map.of()), "citizen");
    topology.addSink("ledger", prefix + "peer-ledger", Serdes.Bytes().serializer(), Serdes.ByteArray().serializer(),
        "citizen");

    final KafkaStreams streams = new KafkaStreams(topology, p);
    streams.setUncaughtExceptionHandler(fault -> {
      fault.printStackTrace();
      return org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse
          .SHUTDOWN_APPLICATION;
    });
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(10))));
    streams.start();
  }
}
