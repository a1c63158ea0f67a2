import javax.jms.*;
import org.apache.activemq.ActiveMQConnectionFactory;

/** Asks the broker's statistics plugin for a queue at even distances: wall-clock milliseconds, size, in flight, memory bytes and percent, store and temporary percent. */
public class Sampler {
    public static void main(String[] arguments) throws Exception {
        String queue = arguments[1];
        long every = Long.parseLong(arguments[2]);
        Connection connection = new ActiveMQConnectionFactory("tcp://127.0.0.1:" + arguments[0]).createConnection();
        connection.start();
        Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
        Queue answers = session.createTemporaryQueue();
        MessageConsumer consumer = session.createConsumer(answers);
        MessageProducer of = session.createProducer(session.createQueue("ActiveMQ.Statistics.Destination." + queue));
        MessageProducer all = session.createProducer(session.createQueue("ActiveMQ.Statistics.Broker"));
        long next = System.currentTimeMillis();
        while (System.in.available() == 0) {
            MapMessage mine = ask(session, of, answers, consumer);
            MapMessage broker = ask(session, all, answers, consumer);
            if (mine != null && broker != null) {
                System.out.println(System.currentTimeMillis() + " " + mine.getObject("size") + " " + mine.getObject("inflightCount") + " " + mine.getObject("memoryUsage")
                    + " " + mine.getObject("memoryPercentUsage") + " " + broker.getObject("storePercentUsage") + " " + broker.getObject("tempPercentUsage")
                    + " " + broker.getObject("storeUsage") + " " + broker.getObject("tempUsage"));
                System.out.flush();
            }
            next += every;
            Thread.sleep(Math.max(0, next - System.currentTimeMillis()));
        }
        connection.close();
    }

    static MapMessage ask(Session session, MessageProducer to, Queue answers, MessageConsumer consumer) throws JMSException {
        Message question = session.createMessage();
        question.setJMSReplyTo(answers);
        to.send(question);
        return (MapMessage) consumer.receive(1000);
    }
}
