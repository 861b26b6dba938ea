import { createHome, freePort, host, type Server } from './home.ts'

/** RabbitMQ with its user `guest`; the reason when it is not installed. */
export async function startRabbitmq(): Promise<Server | string> {
  const [port, distribution, epmd] = [await freePort(), await freePort(), await freePort()]
  const home = await createHome({
    package: 'rabbitmq-server',
    programs: ['epmd', 'rabbitmq-server'],
    env: (folder) => ({
      RABBITMQ_NODENAME: 'test@localhost',
      RABBITMQ_NODE_IP_ADDRESS: host,
      RABBITMQ_NODE_PORT: `${port}`,
      RABBITMQ_DIST_PORT: `${distribution}`,
      RABBITMQ_MNESIA_BASE: folder,
      RABBITMQ_LOG_BASE: folder,
      RABBITMQ_LOGS: '-',
      RABBITMQ_CONFIG_FILE: `${folder}/none`,
      RABBITMQ_CONF_ENV_FILE: `${folder}/none`,
      RABBITMQ_ENABLED_PLUGINS_FILE: `${folder}/plugins`,
      // Without it a shell stays in between, and would be killed in its place.
      RABBITMQ_ALLOW_INPUT: '1',
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-noinput +S 1:1',
      // Erlang starts its port mapper when it finds none, and leaves it running: here it finds ours.
      ERL_EPMD_ADDRESS: host,
      ERL_EPMD_PORT: `${epmd}`
    })
  })
  if (typeof home === 'string') return home
  try {
    await home.start('epmd', ['-d', '-d'], /entering the main select/i)
    await home.start('rabbitmq-server', [], /Server startup complete/)
  } catch (error) {
    await home.stop()
    throw error
  }
  return { url: `amqp://guest:guest@${host}:${port}`, host, port, stop: home.stop }
}
