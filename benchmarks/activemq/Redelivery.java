import javax.jms.*;
import org.apache.activemq.ActiveMQConnectionFactory;

/** A JMS consumer whose listener fails on poison: prints when each message is delivered, in milliseconds since the first. */
public class Redelivery {
    static long first = 0;

    static synchronized void note(String text) {
        long now = System.nanoTime();
        if (first == 0) first = now;
        System.out.println(text + " " + (now - first) / 1_000_000);
        System.out.flush();
    }

    public static void main(String[] arguments) throws Exception {
        ActiveMQConnectionFactory factory = new ActiveMQConnectionFactory("tcp://127.0.0.1:" + arguments[0]);
        long runs = Long.parseLong(arguments[1]);
        Connection connection = factory.createConnection();
        Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
        MessageConsumer consumer = session.createConsumer(session.createQueue("redelivery"));
        consumer.setMessageListener(message -> {
            try {
                String text = ((TextMessage) message).getText();
                note(text);
                if (text.equals("poison")) throw new RuntimeException("poison");
            } catch (JMSException error) {
                throw new RuntimeException(error);
            }
        });
        connection.start();
        Session sending = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
        MessageProducer producer = sending.createProducer(sending.createQueue("redelivery"));
        producer.send(sending.createTextMessage("poison"));
        producer.send(sending.createTextMessage("good"));
        Thread.sleep(runs);
        connection.close();
    }
}
