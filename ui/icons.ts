import {
  Activity,
  ArrowDown,
  ArrowLeft,
  ArrowUp,
  Braces,
  Check,
  ChevronDown,
  ChevronRight,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  Copy,
  Database,
  Download,
  Upload,
  ExternalLink,
  EyeOff,
  Globe,
  HardDrive,
  Hourglass,
  Keyboard,
  Link,
  LogIn,
  Mail,
  Pause,
  Pin,
  Play,
  RotateCw,
  Search,
  Settings,
  SquareCheck,
  SquareFunction,
  TriangleAlert,
  X,
  Zap
} from 'lucide'
import { h, type VNode } from 'preact'

/** The icons of the page by what they mean; esbuild keeps only these of lucide's two thousand. */
export const icons = {
  activity: Activity,
  back: ArrowLeft,
  check: Check,
  close: X,
  collapse: ChevronDown,
  copy: Copy,
  down: ArrowDown,
  download: Download,
  error: TriangleAlert,
  expand: ChevronRight,
  fault: CircleAlert,
  fine: CircleCheck,
  hidden: EyeOff,
  import: Upload,
  keys: Keyboard,
  link: Link,
  off: CircleDashed,
  open: ExternalLink,
  pause: Pause,
  pin: Pin,
  play: Play,
  retry: RotateCw,
  search: Search,
  settings: Settings,
  tick: SquareCheck,
  up: ArrowUp,
  waiting: Hourglass,
  'http-in': LogIn,
  db: Database,
  'http-out': Globe,
  cache: Zap,
  queue: Mail,
  rpc: Braces,
  io: HardDrive,
  internal: SquareFunction
} as const

export type IconName = keyof typeof icons

/** An icon beside text that says the same, so it is hidden from assistive technology unless it gets a `label`. */
export function Icon({
  name,
  small = false,
  label
}: {
  name: IconName
  small?: boolean
  label?: string
}): VNode {
  return h(
    'svg',
    {
      class: small ? 'icon small' : 'icon',
      viewBox: '0 0 24 24',
      ...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': 'true' })
    },
    icons[name].map(([tag, attributes]) => h(tag, attributes))
  )
}
