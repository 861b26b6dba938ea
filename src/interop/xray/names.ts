/** Where a field of a segment is, and OpenTelemetry's name for the same. */
export type Name = readonly [path: readonly string[], key: string]

const name = (path: string, key: string): Name => [path.split('.'), key]

export const spanNames: readonly Name[] = [
  name('http.request.method', 'http.request.method'),
  name('http.request.user_agent', 'user_agent.original'),
  name('http.request.client_ip', 'client.address'),
  name('http.response.status', 'http.response.status_code'),
  name('http.response.content_length', 'http.response.body.size'),
  name('sql.sanitized_query', 'db.query.text'),
  name('sql.database_version', 'aws.xray.sql.database_version'),
  name('sql.driver_version', 'aws.xray.sql.driver_version'),
  name('sql.preparation', 'aws.xray.sql.preparation'),
  name('aws.operation', 'rpc.method'),
  name('aws.region', 'cloud.region'),
  name('aws.account_id', 'cloud.account.id'),
  name('aws.request_id', 'aws.request_id'),
  name('aws.id_2', 'aws.extended_request_id'),
  name('aws.retries', 'http.request.resend_count'),
  name('aws.queue_url', 'aws.sqs.queue.url'),
  name('aws.table_name', 'aws.dynamodb.table_names'),
  name('aws.bucket_name', 'aws.s3.bucket'),
  name('aws.key', 'aws.s3.key'),
  name('user', 'user.id'),
  name('resource_arn', 'cloud.resource_id'),
  name('namespace', 'aws.xray.namespace')
]

export const resourceNames: readonly Name[] = [
  name('service.version', 'service.version'),
  name('service.runtime', 'process.runtime.name'),
  name('service.runtime_version', 'process.runtime.version'),
  name('aws.xray.sdk', 'telemetry.sdk.name'),
  name('aws.xray.sdk_version', 'telemetry.sdk.version'),
  name('aws.ec2.instance_id', 'host.id'),
  name('aws.ec2.instance_size', 'host.type'),
  name('aws.ec2.ami_id', 'host.image.id'),
  name('aws.ec2.availability_zone', 'cloud.availability_zone'),
  name('aws.ecs.container', 'container.name'),
  name('aws.ecs.container_id', 'container.id'),
  name('aws.eks.cluster_name', 'k8s.cluster.name'),
  name('aws.eks.pod', 'k8s.pod.name'),
  name('aws.eks.container_id', 'container.id'),
  name('aws.elastic_beanstalk.environment_name', 'deployment.environment.name'),
  name('aws.elastic_beanstalk.version_label', 'service.version')
]

/** `origin`, as `cloud.platform`. */
export const platforms: ReadonlyMap<unknown, string> = new Map([
  ['AWS::EC2::Instance', 'aws_ec2'],
  ['AWS::ECS::Container', 'aws_ecs'],
  ['AWS::ECS::EC2', 'aws_ecs'],
  ['AWS::ECS::Fargate', 'aws_ecs'],
  ['AWS::EKS::Container', 'aws_eks'],
  ['AWS::ElasticBeanstalk::Environment', 'aws_elastic_beanstalk'],
  ['AWS::Lambda::Function', 'aws_lambda'],
  ['AWS::AppRunner::Service', 'aws_app_runner']
])

/** `sql.database_type` in lower case, as `db.system.name`. */
export const databases: ReadonlyMap<string, string> = new Map([
  ['postgresql', 'postgresql'],
  ['postgres', 'postgresql'],
  ['mysql', 'mysql'],
  ['mariadb', 'mariadb'],
  ['oracle', 'oracle.db'],
  ['microsoft sql server', 'microsoft.sql_server'],
  ['sqlite', 'sqlite'],
  ['h2', 'h2database']
])
