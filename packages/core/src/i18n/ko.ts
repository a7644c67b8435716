import type { Catalogue } from './entry.ts';

export const ko: Catalogue = {
  welcome:
    '안녕하세요! 보내 주신 글을 AI 에이전트에게 전하고 답을 여기로 가져옵니다.\n\n그냥 쓰시면 됩니다. `{sign}help`에서 다른 명령도 볼 수 있습니다.',
  help: '**쓸 수 있는 명령**\n\n{commands}\n\n그 밖의 글은 모두 에이전트에게 갑니다. 에이전트가 일하는 동안 메시지는 차례를 기다리며, 사라지지 않습니다.',
  help_start: '시작하는 방법',
  help_help: '이 목록',
  help_stop: '지금 쓰고 있는 답 멈추기',
  help_retry: '마지막 메시지 다시 묻기',
  help_status: '에이전트와 전달 상태',
  help_yes: '에이전트의 요청을 한 번 허락',
  help_no: '거절',
  unknown_command: '`{sign}{command}` 명령은 모릅니다. `{sign}help`에서 아는 명령을 볼 수 있습니다.',
  unknown_button: '이 버튼은 더 이상 쓰이지 않습니다.',
  chat_name: '대화',

  empty_answer: '_에이전트가 답 없이 끝냈습니다._',
  answer_cut: '답이 {limit}자를 넘어서 여기서 멈췄습니다.',
  answer_restarted: '_에이전트가 중단되어 이 답을 처음부터 다시 썼습니다._',
  file_not_supported: '📎 에이전트가 `{path}` 파일을 만들었습니다. 아직 여기로 파일을 보낼 수 없습니다.',
  undelivered: '이 답의 일부를 여기로 전달하지 못했습니다.',
  retry_hint: '다시 시도하려면 `{sign}retry`라고 보내 주세요.',
  button_retry: '다시 시도',

  stopped: '멈췄습니다.',
  nothing_to_stop: '멈출 것이 없습니다. 지금 에이전트가 하는 일이 없습니다.',
  nothing_to_retry: '아직 다시 물을 것이 없습니다.',
  retry_running: '아직 하고 있습니다. 답이 준비되면 여기에 나타납니다.',
  retrying: '다시 묻습니다.',

  agent_unreachable: '지금 에이전트에 연결할 수 없습니다. 메시지는 보관되어 있으니 잠시 뒤 다시 시도하세요.',
  agent_refused: '에이전트가 접속을 거절했습니다. 이 시스템의 운영자가 확인해야 합니다.',
  agent_no_status: '에이전트가 응답하지 않습니다. 잠시 뒤 다시 시도하세요.',
  agent_first_event_timeout: '에이전트가 제때 답을 시작하지 않았습니다.',
  agent_idle_timeout: '에이전트가 도중에 조용해져서 답을 여기서 끝냈습니다.',
  agent_interrupted: '에이전트와의 연결이 끊겼고 이 답은 이어 갈 수 없습니다.',
  agent_protocol: '에이전트가 알 수 없는 것을 보내서 답을 여기서 끝냈습니다.',
  agent_replaced: '다른 곳에서 에이전트와의 이 대화를 넘겨받았습니다.',
  agent_missing: '이 대화의 에이전트를 더 이상 쓸 수 없습니다.',
  agent_error: '에이전트가 문제를 알렸습니다: {message}',
  agent_internal: '답을 만드는 동안 저희 쪽에 문제가 생겼습니다. 쓰신 글은 사라지지 않았습니다.',
  restart_interrupted:
    '에이전트가 답하는 동안 다시 시작되었고, 이 에이전트는 이어서 답할 수 없습니다. 다시 물어볼까요?',

  expired_note: {
    other:
      '오래 자리를 비워서 메시지 {count}개에 답하지 못했습니다:\n\n{texts}\n\n아직 필요하면 다시 보내 주세요.',
  },
  expired_more: '… 그 밖에 {count}개',

  refused_empty: '그 메시지에는 읽을 내용이 없었습니다.',
  refused_rate:
    '너무 빨라서 따라갈 수 없습니다. 이 메시지는 받지 못했으니 {seconds}초 뒤에 다시 보내 주세요.',
  refused_queue_full:
    '에이전트가 답할 메시지가 아직 {limit}개 있습니다. 이 메시지는 받지 못했으니 나중에 다시 보내 주세요.',
  refused_files_full:
    '이미 파일 {limit}개가 글을 기다리고 있습니다. 이 파일은 받지 못했습니다: 글을 보내거나 remove 명령으로 비워 주세요.',
  refused_no_files: '여기서는 파일을 보낼 수 없습니다. 이 메시지는 받지 못했으니 파일 없이 다시 보내 주세요.',
  refused_not_served: '이 시스템의 명단에 없습니다. 운영자에게 추가를 부탁하세요.',
  refused_stopping: '다시 시작하는 중입니다. 이 메시지는 받지 못했으니 잠시 뒤에 다시 보낼 수 있습니다.',
  refused_bot: '다른 프로그램에는 답하지 않습니다.',

  status: '**에이전트** {agent}: {agentState}\n\n**기다리는 메시지** {queued}\n\n**최근 답**\n\n{answers}',
  status_agent_ok: '준비됨 ({ms} ms)',
  status_agent_busy: '보내신 메시지를 처리하는 중',
  status_agent_down: '연결할 수 없음',
  status_no_answers: '- 아직 없음',
  status_delivered: '전달됨',
  status_pending: '전달하는 중',
  status_dead: '전달하지 못함',
  turn_queued: '기다리는 중',
  turn_running: '진행 중',
  turn_answered: '답함',
  turn_failed: '실패',
  turn_cancelled: '멈춤',
  turn_interrupted: '중단됨',
  turn_expired: '오래되어 답하지 않음',

  confirm: '**에이전트가 허락을 구합니다**\n\n{text}',
  confirm_choices: '`{sign}yes` 또는 `{sign}no`로 답해 주세요.',
  confirm_chosen: '고르신 답: {label}',
  confirm_already: '이미 답한 질문입니다: {label}',
  confirm_expired: '이 질문은 기한이 지났습니다.',
  confirm_not_allowed: '질문을 받은 사람만 답할 수 있습니다.',
  too_many_questions: '에이전트가 메시지 하나에 질문을 {limit}개 넘게 해서 멈췄습니다.',
  confirm_none: '열린 질문이 없습니다.',
};
